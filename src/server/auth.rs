//! Feature `auth`: who may scrape is for the cluster to say.
//!
//! Whatever is not a clear yes is a refusal. The token is handed to the API server and kept
//! nowhere.

mod bearer;
mod cache;
mod error;
mod reviews;

use std::fmt;
use std::mem;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use http::{HeaderMap, StatusCode};
use k8s_openapi::api::authentication::v1::UserInfo;
use k8s_openapi::api::authorization::v1::{NonResourceAttributes, SubjectAccessReviewSpec};
use kube_client::Client;
use sha2::{Digest as _, Sha256};

use self::cache::{Answer, Cache, Digest};
pub use self::error::{Review, ReviewError};
use self::reviews::{Authenticated, Reviews};
use crate::sync::Arc;

/// How long a token's review may be used, whatever it said: as controller-runtime.
const TOKEN_LASTS: Duration = Duration::from_secs(60);
/// The same of a right, as controller-runtime.
const ALLOWED_LASTS: Duration = Duration::from_secs(5 * 60);
/// And of its absence: shorter, since somebody may be waiting for what he was just granted.
const DENIED_LASTS: Duration = Duration::from_secs(30);

/// Lets only those scrape whom the cluster allows to: Kubernetes' own access control.
///
/// For [`MetricsServer::authorize`](crate::MetricsServer::authorize) and
/// [`MetricsService::authorize`](crate::MetricsService::authorize). As controller-runtime's
/// `WithAuthenticationAndAuthorization`: the scraper sends a bearer token, a `TokenReview` says
/// whose it is, and a `SubjectAccessReview` whether that user may `get` the path of the metrics.
///
/// | the scrape | answer |
/// |---|---|
/// | has no bearer token, or one that is nobody's | 401 |
/// | has the token of a user without the right | 403 |
/// | cannot be decided: no answer, none in time, or one that makes no sense | 500 |
/// | has the right | as without access control |
///
/// The controller's service account needs `create` on `tokenreviews` and `subjectaccessreviews`,
/// the scraper's `get` on the non-resource URL; `docs/security.md` has both.
///
/// **Cost.** A scraper costs one `TokenReview` a minute and one `SubjectAccessReview` in five; a
/// right that was revoked may be used for as long, a denial is asked about again after half a
/// minute. A scrape in between asks nothing. Failures are not kept, nor is what the API server says
/// of a token with an `error`, as it does of a forged one: it says the same where it could not
/// look. Scrapes that need the same answer at the same time ask once, and it is theirs together:
/// one that is given up takes nothing from the others.
///
/// **Limits.** At most 1024 answers of each kind are kept; then the one that ends first makes room,
/// whose owner is asked about again. They are kept by SHA-256, and the token nowhere. At most 8
/// scrapers that were not let in before are asked about at once; others wait, within
/// [`timeout`](Self::timeout).
///
/// Nothing runs in the background: a question is asked by the scrapes that wait for it. Cheap to
/// clone; clones share what they know.
///
/// # Examples
///
/// ```no_run
/// use gotk_metrics::{KubernetesAuth, MetricsServer, Recorder};
/// use kube_client::Client; // kube::Client in a controller
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let client = Client::try_default().await?;
/// let auth = KubernetesAuth::new(client).on_error(|error| eprintln!("metrics: {error}"));
/// let server = MetricsServer::bind(Recorder::new(), 8080).await?.authorize(auth);
/// tokio::spawn(server.serve());
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct KubernetesAuth {
    reviews: Reviews,
    audiences: Arc<[String]>,
    tokens: Arc<Cache<Option<Arc<UserInfo>>>>,
    rights: Arc<Cache<bool>>,
    on_error: Arc<dyn Fn(&ReviewError) + Send + Sync>,
}

impl KubernetesAuth {
    /// Asks the API server of `client`.
    #[must_use]
    pub fn new(client: Client) -> Self {
        Self {
            reviews: Reviews::new(client),
            audiences: Arc::default(),
            tokens: Arc::default(),
            rights: Arc::default(),
            on_error: Arc::new(|_| {}),
        }
    }

    /// Whom a token must be meant for: one of these.
    ///
    /// A token made for another service, which that one could pass on, is then refused. Defaults to
    /// none, which is the API server itself, as the token in every pod is.
    #[must_use]
    pub fn audiences<A: Into<String>>(mut self, audiences: impl IntoIterator<Item = A>) -> Self {
        self.audiences = audiences.into_iter().map(Into::into).collect();
        self
    }

    /// How long each of the two questions may take, its wait for a turn included.
    ///
    /// Defaults to 10 seconds.
    #[must_use]
    pub fn timeout(mut self, limit: Duration) -> Self {
        self.reviews.limit = limit;
        self
    }

    /// Told why a scrape was answered with 500: the place for a log.
    ///
    /// Called for each such scrape and on its thread, so it must not block; a panic is ignored.
    /// Whoever scrapes is told only that the cluster could not be asked. Defaults to nobody.
    #[must_use]
    pub fn on_error(mut self, tell: impl Fn(&ReviewError) + Send + Sync + 'static) -> Self {
        self.on_error = Arc::new(tell);
        self
    }

    /// Whether whoever sent these headers may read what is at `path`.
    pub(super) async fn admit(&self, headers: &HeaderMap, path: &str) -> Result<(), Refusal> {
        let token = bearer::token(headers).ok_or(Refusal::Unauthorized)?;
        let user = self.user(token, path).await.map_err(|e| self.failed(&e))?;
        let user = user.ok_or(Refusal::Unauthorized)?;
        let allowed = self.is_allowed(&user, path).await;
        if allowed.map_err(|e| self.failed(&e))? {
            return Ok(());
        }
        let name = user.username.as_deref().unwrap_or_default();
        let text = format!("user {name} may not get {path}\n");
        Err(Refusal::Forbidden(text))
    }

    async fn user(&self, token: &str, path: &str) -> Answer<Option<Arc<UserInfo>>> {
        let digest = token_digest(token, &self.audiences);
        let ask = |before: Option<Option<Arc<UserInfo>>>| {
            let (auth, token, path) = (self.clone(), token.to_owned(), path.to_owned());
            async move {
                // A token is easily had: what counts is whether it has opened anything.
                let right = before.flatten().map(|user| right(&user, &path));
                let was_let_in = right.and_then(|right| auth.rights.last(&spec_digest(&right)));
                let is_stranger = was_let_in != Some(true);
                let review = auth.reviews.token(token, auth.audiences, is_stranger);
                Ok(match review.await? {
                    Authenticated::As(user) => (Some(Arc::new(user)), TOKEN_LASTS),
                    Authenticated::Nobody => (None, TOKEN_LASTS),
                    Authenticated::NobodyKnown => (None, Duration::ZERO),
                })
            }
        };
        self.tokens.get(digest, ask).await
    }

    async fn is_allowed(&self, user: &UserInfo, path: &str) -> Answer<bool> {
        let spec = right(user, path);
        let digest = spec_digest(&spec);
        let ask = |before: Option<bool>| {
            let is_stranger = before != Some(true);
            let review = self.reviews.clone().access(spec, is_stranger);
            async move {
                let allowed = review.await?;
                let lasts = if allowed { ALLOWED_LASTS } else { DENIED_LASTS };
                Ok((allowed, lasts))
            }
        };
        self.rights.get(digest, ask).await
    }

    fn failed(&self, error: &ReviewError) -> Refusal {
        // A payload is leaked: its drop is the user's code and could panic too.
        let _ = catch_unwind(AssertUnwindSafe(|| (self.on_error)(error))).map_err(mem::forget);
        Refusal::Failed
    }
}

/// Why a scrape is not answered with metrics.
pub(super) enum Refusal {
    Unauthorized,
    /// With what to tell him who asks.
    Forbidden(String),
    Failed,
}

impl Refusal {
    pub(super) fn status(&self) -> StatusCode {
        match self {
            Self::Unauthorized => StatusCode::UNAUTHORIZED,
            Self::Forbidden(_) => StatusCode::FORBIDDEN,
            Self::Failed => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    pub(super) fn into_text(self) -> String {
        match self {
            Self::Unauthorized => "a valid bearer token is needed\n".to_owned(),
            Self::Forbidden(text) => text,
            Self::Failed => "the cluster could not be asked\n".to_owned(),
        }
    }
}

/// What `user` must have.
fn right(user: &UserInfo, path: &str) -> SubjectAccessReviewSpec {
    SubjectAccessReviewSpec {
        extra: user.extra.clone(),
        groups: user.groups.clone(),
        non_resource_attributes: Some(NonResourceAttributes {
            path: Some(path.to_owned()),
            verb: Some("get".to_owned()),
        }),
        resource_attributes: None,
        uid: user.uid.clone(),
        user: user.username.clone(),
    }
}

fn token_digest(token: &str, audiences: &[String]) -> Digest {
    let mut hash = Sha256::new();
    add(&mut hash, token);
    for audience in audiences {
        add(&mut hash, audience);
    }
    hash.finalize().into()
}

/// Of all that the answer depends on.
fn spec_digest(spec: &SubjectAccessReviewSpec) -> Digest {
    let mut hash = Sha256::new();
    let asked = spec.non_resource_attributes.iter();
    for part in asked.flat_map(|asked| [&asked.verb, &asked.path]) {
        add(&mut hash, part.as_deref().unwrap_or_default());
    }
    for part in [&spec.user, &spec.uid] {
        add(&mut hash, part.as_deref().unwrap_or_default());
    }
    add_all(&mut hash, spec.groups.as_deref().unwrap_or_default());
    for (key, values) in spec.extra.iter().flatten() {
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

/// With its length, so that no two lists of parts look the same.
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
            .field("questions", &(self.tokens.open() + self.rights.open()))
            .finish_non_exhaustive()
    }
}
