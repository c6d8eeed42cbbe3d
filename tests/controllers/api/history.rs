//! What happened to the objects of one kind, for those who watch them.
//!
//! Versions only grow. What has been forgotten is answered with 410, never left out in silence.

use bytes::Bytes;
use serde_json::{Value, json};

use super::answer::Refusal;

#[derive(Debug, Default)]
pub(crate) struct History {
    events: Vec<Event>,
    /// Who has seen less has missed something.
    forgotten: u64,
}

#[derive(Debug)]
struct Event {
    version: u64,
    namespace: String,
    line: Bytes,
}

impl History {
    pub(crate) fn add(&mut self, kind: &str, version: u64, namespace: &str, object: &Value) {
        self.events.push(Event {
            version,
            namespace: namespace.to_owned(),
            line: line(kind, object),
        });
    }

    pub(crate) fn forget(&mut self, until: u64) {
        self.events.clear();
        self.forgotten = until;
    }

    /// The first event after a version, with its own version.
    pub(crate) fn next(&self, since: u64, namespace: Option<&str>) -> Option<(u64, Bytes)> {
        let wanted = |event: &&Event| {
            event.version > since && namespace.is_none_or(|wanted| wanted == event.namespace)
        };
        let event = self.events.iter().find(wanted)?;
        Some((event.version, event.line.clone()))
    }

    /// What ends the watch of one who has missed something.
    pub(crate) fn expired(&self, since: u64) -> Option<Bytes> {
        let status = || Refusal::expired(since).to_status();
        (since < self.forgotten).then(|| line("ERROR", &status()))
    }
}

fn line(kind: &str, object: &Value) -> Bytes {
    format!("{}\n", json!({ "type": kind, "object": object })).into()
}
