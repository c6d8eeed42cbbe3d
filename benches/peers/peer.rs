//! What every peer can do; one file each implements it.

use std::time::Duration;

use crate::fleet::Object;

pub(crate) trait Peer {
    /// As in the report; one word.
    fn name(&self) -> &'static str;

    /// One full record: the Ready condition, whether suspended, one duration.
    ///
    /// As a careful author would write it who has the object at hand and keeps no handles.
    fn record(&self, object: &Object, duration: Duration);

    /// Writes the whole exposition to `buffer`, which is empty, and shows it to `sink`.
    ///
    /// In pieces of whole lines if the peer can, each cleared away after it was shown.
    fn encode(&self, buffer: &mut String, sink: &mut dyn FnMut(&str));
}
