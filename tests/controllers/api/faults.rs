//! What goes wrong between a controller and its API server.
//!
//! Each fault happens when it is called, or to what comes next; none happens by chance.

use kube::Resource;

use super::ApiServer;

impl ApiServer {
    /// The next change happens, but nobody who watches is told.
    pub(crate) fn lose_next_event(&self) {
        self.lock().losing = true;
    }

    /// Ends all watches, as a restart of the server does. Nothing is lost: they can be resumed.
    pub(crate) fn disconnect(&self) {
        self.lock().cuts += 1;
        self.shared.changed.send_replace(());
    }

    /// Forgets what has happened: watches end with 410 Gone, and who watches has to list again.
    pub(crate) fn forget_history(&self) {
        let mut state = self.lock();
        state.version += 1;
        let version = state.version;
        for kind in state.kinds.values_mut() {
            kind.history.forget(version);
        }
        drop(state);
        self.shared.changed.send_replace(());
    }

    /// Answers 403 to everything that is asked about a kind in a namespace, and ends its watches.
    pub(crate) fn forbid<K: Resource<DynamicType = ()>>(&self, namespace: &str) {
        let scope = K::url_path(&(), Some(namespace));
        self.lock().forbidden.insert(scope);
        self.disconnect();
    }

    /// Takes back [`forbid`](Self::forbid).
    pub(crate) fn permit<K: Resource<DynamicType = ()>>(&self, namespace: &str) {
        let scope = K::url_path(&(), Some(namespace));
        self.lock().forbidden.remove(&scope);
    }
}
