//! What is counted of the requests to API servers.
//!
//! Numbers and words only: what a request is, the layer in `client` knows.

use std::array;
use std::time::Duration;

use crate::catalog::REQUEST_BOUNDS;
use crate::object::{MAX_NAME, cap};
use crate::sync::{Arc, AtomicU64, Mutex, Ordering};

/// A controller talks to one API server or a few; the bound is against hosts made of user input.
const MAX_HOSTS: usize = 16;
/// How many pairs of a code and a method a host has; an API server gives a few of each.
const MAX_RESULTS: usize = 128;
/// The labels `method` and `verb`, in the order of the exposition.
const METHODS: [&str; 9] = [
    "CONNECT", "DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT", "TRACE",
];

/// All requests of one recorder's clients.
#[derive(Default)]
pub(crate) struct Requests {
    /// In the order of their names.
    hosts: Mutex<Vec<Arc<Host>>>,
    refused: AtomicU64,
}

/// One of [`METHODS`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Method(usize);

/// In the order of the exposition, where digits come before `<`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Code {
    Status(u16),
    /// No answer came.
    Error,
}

/// The requests to one host.
pub(crate) struct Host {
    /// The value of the label `host`.
    name: Box<str>,
    seen: Mutex<Seen>,
}

struct Seen {
    /// In the order of the exposition, with room for all there can be: nothing is allocated for a
    /// request.
    results: Vec<((Code, Method), u64)>,
    durations: [RequestDurations; METHODS.len()],
}

/// A histogram over [`REQUEST_BOUNDS`].
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct RequestDurations {
    /// Of each bucket, not cumulative; the last one is that of `+Inf`.
    pub(crate) counts: [u64; REQUEST_BOUNDS.len() + 1],
    pub(crate) sum: f64,
}

impl Requests {
    /// The host of that name; `None` if there are too many, which is to be counted at each request.
    pub(crate) fn host(&self, name: &str) -> Option<Arc<Host>> {
        let name = cap(name, MAX_NAME);
        let mut hosts = self.hosts.lock();
        match hosts.binary_search_by(|known| (*known.name).cmp(name)) {
            Ok(at) => hosts.get(at).map(Arc::clone),
            Err(_) if hosts.len() == MAX_HOSTS => None,
            Err(at) => {
                let host = Arc::new(Host::new(name));
                hosts.insert(at, Arc::clone(&host));
                Some(host)
            }
        }
    }

    /// A request has ended. `took` is `None` for one whose answer goes on for as long as it likes.
    pub(crate) fn ended(
        &self,
        host: Option<&Host>,
        method: Option<Method>,
        code: Code,
        took: Option<Duration>,
    ) {
        let (Some(host), Some(method)) = (host, method) else {
            return self.refuse();
        };
        let counted = {
            let mut seen = host.seen.lock();
            if let Some(took) = took {
                seen.took(method, took);
            }
            seen.count(code, method)
        };
        if !counted {
            self.refuse();
        }
    }

    fn refuse(&self) {
        // Relaxed: a count of its own.
        self.refused.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn refused(&self) -> u64 {
        self.refused.load(Ordering::Relaxed)
    }

    /// How many requests there were, in the order of the exposition: by code, host and method.
    pub(crate) fn results(&self) -> Vec<([String; 3], u64)> {
        let mut all = Vec::new();
        for host in self.hosts.lock().iter() {
            let seen = host.seen.lock();
            let results = seen.results.iter();
            all.extend(results.map(|((code, method), count)| {
                let labels = [code.label(), host.name.to_string(), method.label()];
                (labels, *count)
            }));
        }
        all.sort_unstable();
        all
    }

    /// How long they took, in the order of the exposition: by host and method.
    pub(crate) fn durations(&self) -> Vec<([String; 2], RequestDurations)> {
        let mut all = Vec::new();
        for host in self.hosts.lock().iter() {
            let durations = host.seen.lock().durations;
            for (method, durations) in METHODS.into_iter().zip(durations) {
                if durations.counts.iter().any(|count| *count > 0) {
                    all.push(([host.name.to_string(), method.to_owned()], durations));
                }
            }
        }
        all
    }
}

impl Method {
    /// `None` for a method that HTTP does not define: a name could be anything.
    pub(crate) fn named(name: &str) -> Option<Self> {
        METHODS.binary_search(&name).ok().map(Self)
    }

    fn label(self) -> String {
        let name = METHODS.get(self.0).copied().unwrap_or_default();
        name.to_owned()
    }
}

impl Code {
    fn label(self) -> String {
        match self {
            Self::Status(code) => code.to_string(),
            // Whatever an error says could be anything; this is what client-go writes.
            Self::Error => "<error>".to_owned(),
        }
    }
}

impl Host {
    fn new(name: &str) -> Self {
        let seen = Seen {
            results: Vec::with_capacity(MAX_RESULTS),
            durations: array::from_fn(|_| RequestDurations::default()),
        };
        Self {
            name: name.into(),
            seen: Mutex::new(seen),
        }
    }

    #[cfg(feature = "client")]
    pub(crate) fn name(&self) -> &str {
        &self.name
    }
}

impl Seen {
    /// Whether there was room.
    fn count(&mut self, code: Code, method: Method) -> bool {
        let key = (code, method);
        match self.results.binary_search_by(|(known, _)| known.cmp(&key)) {
            Ok(at) => {
                if let Some((_, count)) = self.results.get_mut(at) {
                    *count += 1;
                }
                true
            }
            Err(_) if self.results.len() == MAX_RESULTS => false,
            Err(at) => {
                self.results.insert(at, (key, 1));
                true
            }
        }
    }

    fn took(&mut self, Method(method): Method, took: Duration) {
        let seconds = took.as_secs_f64();
        let bucket = REQUEST_BOUNDS.partition_point(|bound| *bound < seconds);
        if let Some(durations) = self.durations.get_mut(method) {
            durations.sum += seconds;
            if let Some(count) = durations.counts.get_mut(bucket) {
                *count += 1;
            }
        }
    }
}
