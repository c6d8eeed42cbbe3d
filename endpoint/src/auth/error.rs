//! Why a review failed.
//!
//! Never sent to the client, and never contains the token.

use std::error::Error;
use std::fmt;
use std::time::Duration;

/// A review by the API server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Review {
    /// Returns the user of a token.
    Token,
    /// Returns whether that user may read the metrics.
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

/// Why a scrape could be neither allowed nor denied.
///
/// For a log: see [`KubernetesAuth::on_error`](crate::KubernetesAuth::on_error).
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReviewError {
    /// The API server is unreachable, or its response was incomplete or far too long.
    #[error("no response to {review}")]
    #[non_exhaustive]
    NoResponse {
        /// The review.
        review: Review,
        /// The error of the client.
        source: Box<dyn Error + Send + Sync>,
    },
    /// There was no response in time.
    #[error("{review} timed out after {limit:?}")]
    #[non_exhaustive]
    TimedOut {
        /// The review.
        review: Review,
        /// The [`timeout`](crate::KubernetesAuth::timeout).
        limit: Duration,
    },
    /// The API server rejected the request. With 403, this process may not create reviews.
    #[error("{review} was rejected with status {code}: {message}")]
    #[non_exhaustive]
    Rejected {
        /// The review.
        review: Review,
        /// The HTTP status.
        code: u16,
        /// The reason of the API server, or nothing if it gave none.
        message: String,
    },
    /// The response is not a review.
    #[error("invalid {review} response: {problem}")]
    #[non_exhaustive]
    InvalidResponse {
        /// The review.
        review: Review,
        /// What is invalid.
        problem: String,
    },
    /// There were too many unknown clients. The scrape was answered with 503.
    #[error("too many clients wait for a {review}")]
    #[non_exhaustive]
    TooMany {
        /// The review.
        review: Review,
    },
    /// The client panicked.
    #[error("the client panicked")]
    Panicked,
}
