//! What an endpoint serves: the traits that a metrics library implements.
//!
//! Nothing here depends on HTTP.

use std::collections::HashSet;
use std::sync::Arc;

use crate::negotiation::MediaType;
use crate::totals::Totals;

/// A source of metrics that an [`Endpoint`](crate::Endpoint) serves.
///
/// An exposition owns its [`Totals`]. All endpoints of one exposition share them, and with them the
/// limits on what scrapes may cost.
///
/// # Examples
///
/// ```
/// use std::sync::Arc;
/// use metrics_endpoint::{Body, Exposition, MediaType, Scrape, Totals};
///
/// #[derive(Default)]
/// struct Answer {
///     totals: Arc<Totals>,
/// }
///
/// struct Lines(Option<&'static str>);
///
/// impl Body for Lines {
///     fn fill(&mut self, out: &mut Vec<u8>) -> bool {
///         let lines = self.0.take();
///         out.extend_from_slice(lines.unwrap_or_default().as_bytes());
///         lines.is_some()
///     }
/// }
///
/// impl Exposition for Answer {
///     type Body = Lines;
///
///     fn expose(&self, scrape: &Scrape) -> Lines {
///         Lines(scrape.selects("answer").then_some("# TYPE answer gauge\nanswer 42\n"))
///     }
///
///     fn media_types(&self) -> &[MediaType] {
///         &[MediaType::TEXT]
///     }
///
///     fn totals(&self) -> &Arc<Totals> {
///         &self.totals
///     }
/// }
///
/// let service = metrics_endpoint::EndpointService::new(Answer::default());
/// # drop(service);
/// ```
pub trait Exposition: Send + Sync + 'static {
    /// The body of one scrape.
    type Body: Body + Send + 'static;

    /// Starts the exposition of one scrape.
    ///
    /// Called on a thread where it may block. At most two of these threads run at once for all
    /// endpoints of an exposition.
    fn expose(&self, scrape: &Scrape) -> Self::Body;

    /// Returns the media types that this exposition can write, the preferred one first.
    ///
    /// The first one is served if the client accepts none of them.
    fn media_types(&self) -> &[MediaType];

    /// Returns the counters and limits that all endpoints of this exposition share.
    fn totals(&self) -> &Arc<Totals>;
}

impl<X: Exposition + ?Sized> Exposition for Arc<X> {
    type Body = X::Body;

    fn expose(&self, scrape: &Scrape) -> X::Body {
        (**self).expose(scrape)
    }

    fn media_types(&self) -> &[MediaType] {
        (**self).media_types()
    }

    fn totals(&self) -> &Arc<Totals> {
        (**self).totals()
    }
}

/// The body of one scrape, written in chunks.
pub trait Body {
    /// Appends the next chunk to `out`, which is empty.
    ///
    /// Returns `false`, and leaves `out` as it is, if nothing is left. Chunks of about 64 KiB work
    /// best. Must not block.
    fn fill(&mut self, out: &mut Vec<u8>) -> bool;

    /// Returns whether everything has been written.
    ///
    /// A short body that can tell is sent with its length. By default, `false`.
    fn is_end(&self) -> bool {
        false
    }
}

/// What one scrape asks for.
#[derive(Clone, Debug)]
pub struct Scrape {
    media_type: MediaType,
    families: Option<HashSet<String>>,
}

impl Scrape {
    pub(crate) fn new(media_type: MediaType, families: Option<HashSet<String>>) -> Self {
        Self {
            media_type,
            families,
        }
    }

    /// Returns the negotiated media type, one of [`Exposition::media_types`].
    #[must_use]
    pub fn media_type(&self) -> MediaType {
        self.media_type
    }

    /// Returns the families that the client selected with `?name[]=family`, or `None` for all.
    #[must_use]
    pub fn families(&self) -> Option<&HashSet<String>> {
        self.families.as_ref()
    }

    /// Returns whether the client selected the family `name`, or all families.
    #[must_use]
    pub fn selects(&self, name: &str) -> bool {
        self.families.as_ref().is_none_or(|all| all.contains(name))
    }
}
