//! Why the API server's word is not known.
//!
//! None of it goes to whoever asked for metrics, and nothing in it is the token.

use std::error::Error;
use std::fmt;
use std::time::Duration;

/// A question to the API server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Review {
    /// Whose token it is.
    Token,
    /// Whether that user may read the metrics.
    SubjectAccess,
}

impl fmt::Display for Review {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Token => "TokenReview",
            Self::SubjectAccess => "SubjectAccessReview",
        })
    }
}

/// Why a scrape could be neither allowed nor denied, and was answered with 500.
///
/// For a log: see [`KubernetesAuth::on_error`](crate::KubernetesAuth::on_error).
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReviewError {
    /// The API server cannot be reached, or its answer broke off, or was far too long.
    #[error("{review} was not answered")]
    #[non_exhaustive]
    Unanswered {
        /// What was asked.
        review: Review,
        /// What the client says.
        source: Box<dyn Error + Send + Sync>,
    },
    /// There was no answer in time.
    #[error("{review} was not answered within {limit:?}")]
    #[non_exhaustive]
    TimedOut {
        /// What was asked.
        review: Review,
        /// [`KubernetesAuth::timeout`](crate::KubernetesAuth::timeout).
        limit: Duration,
    },
    /// The API server refused to answer; with 403, this process has no right to ask.
    #[error("{review} was refused with {code}: {message}")]
    #[non_exhaustive]
    Refused {
        /// What was asked.
        review: Review,
        /// The HTTP status.
        code: u16,
        /// The API server's reason, or nothing if it gave none.
        message: String,
    },
    /// The answer is not what the API server has to say.
    #[error("{review} was answered with nonsense: {problem}")]
    #[non_exhaustive]
    Nonsense {
        /// What was asked.
        review: Review,
        /// What is wrong with it.
        problem: String,
    },
    /// The client panicked.
    #[error("the client panicked")]
    Panicked,
}
