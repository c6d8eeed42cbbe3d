//! The counts of requests to API servers.
//!
//! Numbers and words only. The layer in `client` knows HTTP.

use std::array;
use std::time::Duration;

use crate::catalog::REQUEST_BOUNDS;
use crate::metric::{Buckets, Counter, Histogram, Labelled};
use crate::object::{MAX_NAME, cap};
use crate::sync::Arc;

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
    hosts: Labelled<String, Arc<Host>, MAX_HOSTS>,
    refused: Counter,
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
    results: Labelled<(Code, Method), Counter, MAX_RESULTS>,
    /// Of each method.
    durations: [Histogram<{ REQUEST_BOUNDS.len() }>; METHODS.len()],
}

impl Requests {
    /// Returns the host of that name. `None` if there are too many, which each request counts.
    pub(crate) fn host(&self, name: &str) -> Option<Arc<Host>> {
        let name = cap(name, MAX_NAME);
        self.hosts
            .with_new(name, || Arc::new(Host::new(name)), Arc::clone)
    }

    /// Counts a request that has ended. `took` is `None` if its answer may continue forever.
    pub(crate) fn ended(
        &self,
        host: Option<&Host>,
        method: Option<Method>,
        code: Code,
        took: Option<Duration>,
    ) {
        let counted = host.zip(method).and_then(|(host, method)| {
            if let (Some(took), Some(durations)) = (took, host.durations.get(method.0)) {
                durations.observe(took.as_secs_f64());
            }
            host.results.with(&(code, method), Counter::inc)
        });
        if counted.is_none() {
            self.refused.inc();
        }
    }

    pub(crate) fn refused(&self) -> u64 {
        self.refused.get()
    }

    /// Returns how many requests there were, in the order of the exposition: by code, host and
    /// method.
    pub(crate) fn results(&self) -> Vec<([String; 3], u64)> {
        let hosts = self.hosts.read(|name, host| {
            host.results.read(|(code, method), count| {
                let labels = [code.label(), name.clone(), method.label().to_owned()];
                (labels, count.get())
            })
        });
        let mut all = hosts.concat();
        all.sort_unstable();
        all
    }

    /// Returns how long they took, in the order of the exposition: by host and method.
    pub(crate) fn durations(&self) -> Vec<([String; 2], Buckets)> {
        let hosts = self.hosts.read(|name, host| {
            let durations = METHODS.into_iter().zip(&host.durations);
            let durations = durations
                .map(|(method, durations)| ([name.clone(), method.to_owned()], durations.read()));
            durations
                .filter(|(_, durations)| durations.count() > 0)
                .collect()
        });
        let hosts: Vec<Vec<_>> = hosts;
        hosts.concat()
    }
}

impl Method {
    /// Returns `None` for a method that HTTP does not define: a name could be anything.
    pub(crate) fn named(name: &str) -> Option<Self> {
        METHODS.binary_search(&name).ok().map(Self)
    }

    fn label(self) -> &'static str {
        METHODS.get(self.0).copied().unwrap_or_default()
    }
}

impl Code {
    fn label(self) -> String {
        match self {
            Self::Status(code) => code.to_string(),
            // The text of an error could be anything; this is what client-go writes.
            Self::Error => "<error>".to_owned(),
        }
    }
}

impl Host {
    fn new(name: &str) -> Self {
        Self {
            name: name.into(),
            // Nothing is allocated for a request.
            results: Labelled::reserved(),
            durations: array::from_fn(|_| Histogram::new(&REQUEST_BOUNDS)),
        }
    }

    #[cfg(feature = "client")]
    pub(crate) fn name(&self) -> &str {
        &self.name
    }
}
