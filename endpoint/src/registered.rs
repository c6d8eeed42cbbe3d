//! Feature `prometheus-client`: serves a `Registry` as it is.
//!
//! prometheus-client writes OpenMetrics only, in one piece.

use std::sync::Arc;

use prometheus_client::encoding::text;
use prometheus_client::registry::Registry;

use crate::exposition::{Body, Exposition, Scrape};
use crate::negotiation::MediaType;
use crate::totals::Totals;

/// The exposition of a [`Registry`].
///
/// It is always written whole and in OpenMetrics: `?name[]=family` selects nothing. A registry that
/// cannot be encoded is answered with 500.
#[derive(Debug)]
pub struct Registered {
    registry: Arc<Registry>,
    totals: Arc<Totals>,
}

/// The encoded text of a [`Registered`].
#[derive(Debug)]
pub struct RegisteredBody(Option<String>);

impl Registered {
    /// Wraps a registry, or an `Arc` of one.
    #[must_use]
    pub fn new(registry: impl Into<Arc<Registry>>) -> Self {
        Self {
            registry: registry.into(),
            totals: Arc::default(),
        }
    }
}

impl Exposition for Registered {
    type Body = RegisteredBody;

    fn expose(&self, _: &Scrape) -> RegisteredBody {
        let mut out = String::new();
        let encoded = text::encode(&mut out, &self.registry);
        // The endpoint answers a panic with 500.
        assert!(
            encoded.is_ok(),
            "prometheus-client cannot encode the registry"
        );
        RegisteredBody(Some(out))
    }

    fn media_types(&self) -> &[MediaType] {
        &[MediaType::OPENMETRICS]
    }

    fn totals(&self) -> &Arc<Totals> {
        &self.totals
    }
}

impl Body for RegisteredBody {
    fn fill(&mut self, out: &mut Vec<u8>) -> bool {
        let text = self.0.take();
        let has_text = text.is_some();
        out.extend(text.unwrap_or_default().into_bytes());
        has_text
    }

    fn is_end(&self) -> bool {
        self.0.is_none()
    }
}
