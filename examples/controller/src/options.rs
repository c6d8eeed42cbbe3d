//! What can be chosen, from the environment.
//!
//! Everything has a default that suits `cargo run`; what a pod needs is in `deploy/deployment.yaml`.

use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;
use std::{env, process};

use gotk_metrics::BindAddress;

pub(crate) struct Options {
    /// `METRICS_ADDRESS`: where to serve `/metrics`. Without it, port 8080 of all addresses.
    pub(crate) metrics: BindAddress,
    /// `METRICS_AUTHORIZE`: whether only those may scrape whom the cluster allows to.
    pub(crate) authorize: bool,
    /// `METRICS_TLS`: the folder with `tls.crt` and `tls.key` to serve with. Without it, plain HTTP.
    pub(crate) tls: Option<PathBuf>,
    /// `METRICS_OPENMETRICS`: whether a scraper that prefers OpenMetrics gets it.
    pub(crate) openmetrics: bool,
    /// `DELETED_GRACE_SECONDS`: how long a deleted object shows as `Deleted`.
    pub(crate) deleted_grace: Duration,
    /// `LEASE_SECONDS`: how long a leader that is not heard of keeps the others waiting.
    pub(crate) lease_duration: Duration,
    /// `POD_NAMESPACE`: where the lease is.
    pub(crate) namespace: String,
    /// `POD_NAME`: tells the replicas apart. A container that starts again leads on.
    pub(crate) identity: String,
}

impl Options {
    /// An error names the variable.
    pub(crate) fn from_env() -> Result<Self, String> {
        let address = variable::<SocketAddr>("METRICS_ADDRESS", "an address and port")?;
        let authorize = variable::<bool>("METRICS_AUTHORIZE", "true or false")?;
        let tls = variable("METRICS_TLS", "a path")?;
        let openmetrics = variable::<bool>("METRICS_OPENMETRICS", "true or false")?;
        let grace = variable::<u32>("DELETED_GRACE_SECONDS", "a number of seconds")?;
        let lease = variable::<NonZeroU32>("LEASE_SECONDS", "a number of seconds from 1")?;
        let namespace = variable("POD_NAMESPACE", "a namespace")?;
        let identity = variable("POD_NAME", "a name")?;
        Ok(Self {
            metrics: address.map_or(8080.into(), BindAddress::from),
            authorize: authorize.unwrap_or(false),
            tls,
            openmetrics: openmetrics.unwrap_or(false),
            deleted_grace: Duration::from_secs(grace.unwrap_or(300).into()),
            lease_duration: Duration::from_secs(lease.map_or(15, NonZeroU32::get).into()),
            namespace: namespace.unwrap_or_else(|| "default".to_owned()),
            identity: identity.unwrap_or_else(|| format!("local-{}", process::id())),
        })
    }
}

fn variable<T: FromStr>(name: &str, wanted: &str) -> Result<Option<T>, String> {
    let Some(value) = env::var_os(name) else {
        return Ok(None);
    };
    let parsed = value.to_str().and_then(|text| text.parse().ok());
    let error = || format!("{name} is `{}` and not {wanted}", value.display());
    parsed.ok_or_else(error).map(Some)
}
