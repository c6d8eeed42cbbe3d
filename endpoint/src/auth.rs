//! Feature `auth`: a Kubernetes API server decides which clients may scrape.
//!
//! Anything but a clear yes is a denial. A token is passed to the API server and stored nowhere.

mod bearer;
mod cache;
mod error;
mod reviews;
mod turns;

use std::fmt;
use std::mem;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

use http::HeaderMap;
use sha2::{Digest as _, Sha256};

use self::cache::{Answer, Cache, Digest};
pub use self::error::{Review, ReviewError};
pub use self::reviews::ReviewClient;
use self::reviews::{Asker, Authenticated, Reviews, User};
use crate::admission::Origin;
use crate::deadline::ConnectionDeadline;

/// How long the review of a token is cached, whatever its result: as in controller-runtime.
const TOKEN_LASTS: Duration = Duration::from_secs(60);
/// The same for a right, as in controller-runtime.
const ALLOWED_LASTS: Duration = Duration::from_secs(5 * 60);
/// The same for a denial: shorter, because a right may have just been granted.
const DENIED_LASTS: Duration = Duration::from_secs(30);

/// Restricts scrapes to clients that a Kubernetes cluster authorizes.
///
/// For [`Endpoint::authorize`](crate::Endpoint::authorize) and
/// [`EndpointService::authorize`](crate::EndpointService::authorize). Like controller-runtime's
/// `WithAuthenticationAndAuthorization`: the client sends a bearer token, a `TokenReview` returns its
/// user, and a `SubjectAccessReview` returns whether that user may `get` the path of the metrics.
///
/// | the scrape | response |
/// |---|---|
/// | has no bearer token, or an invalid one | 401 |
/// | has the token of a user without the right | 403 |
/// | cannot be decided: no review, none in time, or an invalid one | 500 |
/// | has too many other unknown clients before it | 503 |
/// | has the right | as without access control |
///
/// This process needs `create` on `tokenreviews` and `subjectaccessreviews`. A scraper needs `get` on
/// the non-resource URL.
///
/// **Cost.** A scraper costs one `TokenReview` a minute and one `SubjectAccessReview` every five
/// minutes. A revoked right remains usable for as long, and a denial is reviewed again after half a
/// minute. Other scrapes cost no request. Failures are not cached. Neither is the review of a token
/// with an `error`, because the API server also returns one if it could not look the token up.
/// Concurrent scrapes that need the same review share one request.
///
/// **Limits.** At most 1024 reviews of each kind are cached. If there are more, the one that expires
/// first is evicted. They are keyed by SHA-256, and no token is stored. At most 8 reviews of unknown
/// clients are in flight at once. Others wait, the newest first, within [`timeout`](Self::timeout).
/// Authorized clients do not wait.
///
/// A review that was sent is completed and cached, even if its client hangs up. Cheap to clone;
/// clones share their cache.
#[derive(Clone)]
pub struct KubernetesAuth {
    reviews: Reviews,
    audiences: Arc<[String]>,
    tokens: Arc<Cache<Option<Arc<User>>>>,
    rights: Arc<Cache<bool>>,
    on_error: Arc<dyn Fn(&ReviewError) + Send + Sync>,
}

impl KubernetesAuth {
    /// Sends reviews with `client`.
    #[must_use]
    pub fn new(client: impl ReviewClient) -> Self {
        Self {
            reviews: Reviews::new(client),
            audiences: Arc::default(),
            tokens: Arc::default(),
            rights: Arc::default(),
            on_error: Arc::new(|_| {}),
        }
    }

    /// Requires tokens that were issued for one of these audiences.
    ///
    /// Rejects tokens of other services, which those could reuse. By default a token must be issued
    /// for the API server, as the token in every pod is.
    #[must_use]
    pub fn audiences<A: Into<String>>(mut self, audiences: impl IntoIterator<Item = A>) -> Self {
        self.audiences = audiences.into_iter().map(Into::into).collect();
        self
    }

    /// Sets the time limit of each review, from its sending to its response.
    ///
    /// Also limits how long an unknown client waits for its turn. Defaults to 10 seconds.
    #[must_use]
    pub fn timeout(mut self, limit: Duration) -> Self {
        self.reviews.limit = limit;
        self
    }

    /// Sets a callback for scrapes that are answered with 500, for example to log the reason.
    ///
    /// Called for each such scrape on its thread, so it must not block. Panics are ignored. The
    /// client never receives the reason. By default there is no callback.
    #[must_use]
    pub fn on_error(mut self, on_error: impl Fn(&ReviewError) + Send + Sync + 'static) -> Self {
        self.on_error = Arc::new(on_error);
        self
    }

    /// Checks whether the client that sent these headers may `get` the path.
    pub(crate) async fn check(
        &self,
        headers: &HeaderMap,
        path: &str,
        origin: Origin,
        client: Option<&ConnectionDeadline>,
    ) -> Result<Digest, Denial> {
        let token = bearer::token(headers).ok_or(Denial::Unauthorized)?;
        let user = self.user(token, path, origin, client).await;
        let user = user.ok_or(Denial::Failed)?;
        let user = user.map_err(|error| self.failed(&error))?;
        let user = user.ok_or(Denial::Unauthorized)?;
        let allowed = self.is_allowed(&user, path, origin, client).await;
        let allowed = allowed.ok_or(Denial::Failed)?;
        if allowed.map_err(|error| self.failed(&error))? {
            return Ok(right_digest(&user, path));
        }
        let name = user.name().escape_debug();
        let text = format!("user {name} may not get {path}\n");
        Err(Denial::Forbidden(text))
    }

    async fn user(
        &self,
        token: &str,
        path: &str,
        origin: Origin,
        client: Option<&ConnectionDeadline>,
    ) -> Option<Answer<Option<Arc<User>>>> {
        let digest = token_digest(token, &self.audiences);
        let ask = |before: Option<Option<Arc<User>>>| {
            let (auth, token, path) = (self.clone(), token.to_owned(), path.to_owned());
            async move {
                // Tokens are easy to get: a client is known only if it was authorized before.
                let user = before.flatten();
                let right = user.and_then(|user| auth.rights.last(&right_digest(&user, &path)));
                let tokens = Arc::clone(&auth.tokens);
                let asker = Asker {
                    unknown: (right != Some(true)).then_some(origin),
                    sent: Box::new(move || tokens.complete(&digest)),
                };
                let review = auth.reviews.token(token, auth.audiences, asker);
                Ok(match review.await? {
                    Authenticated::User(user) => (Some(Arc::new(user)), TOKEN_LASTS),
                    Authenticated::Invalid => (None, TOKEN_LASTS),
                    Authenticated::Unknown => (None, Duration::ZERO),
                })
            }
        };
        self.tokens.get(digest, client, ask).await
    }

    async fn is_allowed(
        &self,
        user: &User,
        path: &str,
        origin: Origin,
        client: Option<&ConnectionDeadline>,
    ) -> Option<Answer<bool>> {
        let digest = right_digest(user, path);
        let ask = |before: Option<bool>| {
            let rights = Arc::clone(&self.rights);
            let asker = Asker {
                unknown: (before != Some(true)).then_some(origin),
                sent: Box::new(move || rights.complete(&digest)),
            };
            let reviews = self.reviews.clone();
            let review = reviews.access(user.clone(), path.to_owned(), asker);
            async move {
                let allowed = review.await?;
                let lasts = if allowed { ALLOWED_LASTS } else { DENIED_LASTS };
                Ok((allowed, lasts))
            }
        };
        self.rights.get(digest, client, ask).await
    }

    fn failed(&self, error: &ReviewError) -> Denial {
        if matches!(error, ReviewError::TooMany { .. }) {
            return Denial::Busy;
        }
        // The payload is leaked: dropping it runs foreign code, which could panic again.
        let _ = catch_unwind(AssertUnwindSafe(|| (self.on_error)(error))).map_err(mem::forget);
        Denial::Failed
    }
}

/// Why a scrape is denied.
pub(crate) enum Denial {
    Unauthorized,
    /// With the body of the response.
    Forbidden(String),
    Busy,
    Failed,
}

fn token_digest(token: &str, audiences: &[String]) -> Digest {
    let mut hash = Sha256::new();
    add(&mut hash, token);
    for audience in audiences {
        add(&mut hash, audience);
    }
    hash.finalize().into()
}

/// Covers everything that the review depends on.
fn right_digest(user: &User, path: &str) -> Digest {
    let mut hash = Sha256::new();
    add(&mut hash, path);
    for part in [&user.username, &user.uid] {
        add(&mut hash, part.as_deref().unwrap_or_default());
    }
    add_all(&mut hash, user.groups.as_deref().unwrap_or_default());
    for (key, values) in user.extra.iter().flatten() {
        add(&mut hash, key);
        add_all(&mut hash, values);
    }
    hash.finalize().into()
}

fn add_all(hash: &mut Sha256, parts: &[String]) {
    hash.update((parts.len() as u64).to_le_bytes());
    for part in parts {
        add(hash, part);
    }
}

/// Adds a part with its length, so that different lists of parts never look the same.
fn add(hash: &mut Sha256, part: &str) {
    hash.update((part.len() as u64).to_le_bytes());
    hash.update(part);
}

impl fmt::Debug for KubernetesAuth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KubernetesAuth")
            .field("audiences", &self.audiences)
            .field("timeout", &self.reviews.limit)
            .field("tokens", &self.tokens.len())
            .field("rights", &self.rights.len())
            .field(
                "in_flight",
                &(self.tokens.in_flight() + self.rights.in_flight()),
            )
            .finish_non_exhaustive()
    }
}
