//! What appended registries write, as a part of our own exposition.
//!
//! Their metrics are the user's code: encoded where a panic is caught, and under no lock of ours.

use prometheus_client::encoding::text::encode_registry;
use prometheus_client::registry::Registry;

use super::collector::{is_silenced, silenced};
use super::convert;
use super::{Format, Selection};
use crate::error::AppendError;
use crate::inner::Inner;
use crate::registries::Owner;
use crate::sync::Arc;
use crate::unwind::catch;

/// Checks `registry` and appends it.
pub(crate) fn append(inner: &Inner, registry: Arc<Registry>) -> Result<(), AppendError> {
    let (text, met_other) = encode(inner, &registry).ok_or(AppendError::Encode)?;
    if met_other {
        return Err(AppendError::OtherRecorder);
    }
    inner.registries.add(registry, convert::families(&text))
}

/// What all registries have to say now of what is selected; what fails is left out and counted.
pub(super) fn encode_all(inner: &Inner, format: Format, selection: &Selection) -> String {
    let mut out = String::new();
    let registries = inner.registries.all();
    // A metric of such a registry that asks for our exposition must not find itself in it.
    if registries.is_empty() || is_silenced() {
        return out;
    }
    // Taken anew: a family that was empty at set-up may have come to life since.
    let mut names = inner.registries.own_names();
    for (position, registry) in registries.iter().enumerate() {
        let mut left_out = 0;
        if let Some((text, _)) = encode(inner, registry) {
            let owner = Owner::Registry(position);
            convert::append(&mut out, &text, format, |name, metric_type| {
                let taken = names.take(name, metric_type, owner).is_ok();
                left_out += u64::from(!taken);
                taken && selection.has(name, metric_type)
            });
        } else {
            left_out = 1;
        }
        inner.registries.errors.add(left_out);
    }
    out
}

/// The registry in OpenMetrics, and whether it holds another recorder's collector.
fn encode(inner: &Inner, registry: &Registry) -> Option<(String, bool)> {
    let mut text = String::new();
    let mut result = Ok(());
    let encode = || silenced(inner, || result = encode_registry(&mut text, registry));
    let met_other = catch(encode)?;
    result.ok()?;
    Some((text, met_other))
}
