//! From records to bytes: format negotiation, chunks, and the neighbours in prometheus-client.
//!
//! Reads the store through snapshots only and holds no lock while it formats.

mod accept;
mod appended;
mod chunks;
mod collector;
mod column;
mod convert;
mod float;
mod lines;
mod selection;
mod totals;

pub(crate) use self::appended::append;
pub use self::chunks::Chunks;
pub(crate) use self::collector::register_collector;
pub(crate) use self::selection::Selection;

/// A text format of the exposition.
///
/// # Examples
///
/// ```
/// use gotk_metrics::Format;
///
/// let prometheus_2 = "application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5";
/// assert_eq!(Format::from_accept(prometheus_2), Format::OpenMetrics);
/// assert_eq!(Format::from_accept("text/html, */*;q=0.8"), Format::Text);
/// assert_eq!(Format::Text.content_type(), "text/plain; version=0.0.4; charset=utf-8");
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Format {
    /// Prometheus text 0.0.4, which every scraper reads.
    #[default]
    Text,
    /// OpenMetrics 1.0.
    ///
    /// Prometheus 2 stores its `le="1.0"` and the `le="1"` of text 0.0.4 as different series, so
    /// do not switch a running fleet from one to the other without need.
    OpenMetrics,
}

impl Format {
    /// The value of the response header `Content-Type`; Prometheus 3 refuses a scrape without one.
    #[must_use]
    pub const fn content_type(self) -> &'static str {
        match self {
            Self::Text => "text/plain; version=0.0.4; charset=utf-8",
            Self::OpenMetrics => "application/openmetrics-text; version=1.0.0; charset=utf-8",
        }
    }

    /// The format that a request header `Accept` prefers; an empty one means any.
    ///
    /// Of the formats here the one with the higher `q` is taken, then the one named more exactly,
    /// then the one named first. What cannot be read is passed over. If nothing fits the answer is
    /// [`Text`](Self::Text), as in Go's promhttp.
    ///
    /// Go serves OpenMetrics only where that is switched on. A server that is to behave like a Go
    /// controller answers [`Text`](Self::Text) whatever the header says.
    #[must_use]
    pub fn from_accept(accept: &str) -> Self {
        accept::preferred(accept)
    }
}
