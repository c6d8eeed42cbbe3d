//! The body of a watch: a line for each change, as it happens.
//!
//! It ends when its time is over, when connections are cut, and after a 410; never because nothing
//! happens.

use std::time::Duration;

use bytes::Bytes;
use futures_util::Stream;
use futures_util::stream::unfold;
use tokio::sync::watch;
use tokio::time::sleep;

use super::ApiServer;
use super::request::Place;

/// One open watch.
struct Watch {
    server: ApiServer,
    place: Place,
    changed: watch::Receiver<()>,
    since: u64,
    connection: u64,
    over: bool,
}

enum Next {
    Line(Bytes),
    Nothing,
    End,
}

impl ApiServer {
    pub(crate) fn watch(
        &self,
        place: Place,
        since: u64,
        connection: u64,
        lasts: Duration,
    ) -> impl Stream<Item = Bytes> + Send + use<> {
        let watch = Watch {
            server: self.clone(),
            place,
            changed: self.shared.changed.subscribe(),
            since,
            connection,
            over: false,
        };
        let end = Box::pin(sleep(lasts));
        unfold((watch, end), |(mut watch, mut end)| async move {
            loop {
                match watch.next() {
                    Next::Line(line) => return Some((line, (watch, end))),
                    Next::Nothing => {}
                    Next::End => return None,
                }
                tokio::select! {
                    changed = watch.changed.changed() => changed.ok()?,
                    () = &mut end => return None,
                }
            }
        })
    }
}

impl Watch {
    fn next(&mut self) -> Next {
        let state = self.server.lock();
        if self.over || state.connection() != self.connection {
            return Next::End;
        }
        let Some(kind) = state.kinds.get(&self.place.collection) else {
            return Next::Nothing;
        };
        if let Some(line) = kind.history.expired(self.since) {
            self.over = true;
            return Next::Line(line);
        }
        match kind
            .history
            .next(self.since, self.place.namespace.as_deref())
        {
            Some((version, line)) => {
                self.since = version;
                Next::Line(line)
            }
            None => Next::Nothing,
        }
    }
}
