//! The two requests to the API server.
//!
//! Has its own structs for the few fields that it uses, so it works with any version of Kubernetes.

use std::collections::BTreeMap;
use std::error::Error;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt as _, Limited};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use tokio::time::timeout;

use super::error::{Review, ReviewError};
use super::turns::{Turn, Turns};
use crate::admission::Origin;

const TOKEN_REVIEWS: &str = "/apis/authentication.k8s.io/v1/tokenreviews";
const ACCESS_REVIEWS: &str = "/apis/authorization.k8s.io/v1/subjectaccessreviews";
/// As controller-runtime.
const TIMEOUT: Duration = Duration::from_secs(10);
/// Far more than a user with many groups has.
const RESPONSE_BYTES: usize = 1 << 20;

/// Sends requests to a Kubernetes API server.
///
/// Implement it for the client of your program. The request has a path without host, such as
/// `/apis/authentication.k8s.io/v1/tokenreviews`, and a JSON body; the client adds its own
/// credentials.
pub trait ReviewClient: Send + Sync + 'static {
    /// The body of a response.
    type Body: http_body::Body<Data = Bytes, Error: Into<Box<dyn Error + Send + Sync>>> + Send;
    /// The error if there is no response.
    type Error: Into<Box<dyn Error + Send + Sync>>;

    /// Sends one request and returns its response, whatever its status.
    ///
    /// # Cancel safety
    ///
    /// The future may be dropped at any time.
    fn send(
        &self,
        request: Request<Vec<u8>>,
    ) -> impl Future<Output = Result<Response<Self::Body>, Self::Error>> + Send;
}

/// A [`ReviewClient`] as an object: it also reads the body, up to a limit.
trait Sender: Send + Sync {
    fn send(&self, request: Request<Vec<u8>>) -> Sent<'_>;
}

type Sent<'a> = Pin<
    Box<dyn Future<Output = Result<Response<Bytes>, Box<dyn Error + Send + Sync>>> + Send + 'a>,
>;

impl<C: ReviewClient> Sender for C {
    fn send(&self, request: Request<Vec<u8>>) -> Sent<'_> {
        Box::pin(async move {
            let response = ReviewClient::send(self, request).await;
            let (head, body) = response.map_err(Into::into)?.into_parts();
            let body = Limited::new(body, RESPONSE_BYTES).collect().await?;
            Ok(Response::from_parts(head, body.to_bytes()))
        })
    }
}

#[derive(Clone)]
pub(super) struct Reviews {
    client: Arc<dyn Sender>,
    pub(super) limit: Duration,
    unknown_clients: Arc<Turns>,
}

/// The client that a review is for.
pub(super) struct Asker {
    /// Of a client that was not authorized before. Known clients do not wait for unknown ones.
    pub(super) unknown: Option<Origin>,
    /// Called when the review is sent: from then on it is completed, even if the client is gone.
    pub(super) sent: Box<dyn FnOnce() + Send>,
}

/// The user of a token, and the user of a `SubjectAccessReview`.
#[derive(Clone, Deserialize)]
pub(super) struct User {
    pub(super) username: Option<String>,
    pub(super) uid: Option<String>,
    pub(super) groups: Option<Vec<String>>,
    pub(super) extra: Option<BTreeMap<String, Vec<String>>>,
}

/// The result of a `TokenReview`.
pub(super) enum Authenticated {
    User(User),
    /// The token is certainly invalid.
    Invalid,
    /// The token is invalid, or could not be looked up.
    Unknown,
}

/// A request: both kinds of reviews differ in their `spec` only.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Question<S> {
    api_version: &'static str,
    kind: String,
    spec: S,
}

/// A response.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Answer<S> {
    api_version: Option<String>,
    kind: Option<String>,
    status: Option<S>,
}

#[derive(Serialize)]
struct TokenSpec<'a> {
    token: &'a str,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    audiences: &'a [String],
}

#[derive(Deserialize)]
struct TokenStatus {
    authenticated: Option<bool>,
    error: Option<String>,
    audiences: Option<Vec<String>>,
    user: Option<User>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct AccessSpec<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    user: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    uid: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    groups: Option<&'a [String]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    extra: Option<&'a BTreeMap<String, Vec<String>>>,
    non_resource_attributes: NonResourceAttributes<'a>,
}

#[derive(Serialize)]
struct NonResourceAttributes<'a> {
    path: &'a str,
    verb: &'static str,
}

#[derive(Deserialize)]
struct AccessStatus {
    allowed: Option<bool>,
    denied: Option<bool>,
}

/// A `Status`, which explains a rejected request.
#[derive(Deserialize)]
struct Rejection {
    message: Option<String>,
}

impl User {
    pub(super) fn name(&self) -> &str {
        self.username.as_deref().unwrap_or_default()
    }
}

impl Reviews {
    pub(super) fn new(client: impl ReviewClient) -> Self {
        Self {
            client: Arc::new(client),
            limit: TIMEOUT,
            unknown_clients: Arc::default(),
        }
    }

    /// Reviews a token.
    pub(super) async fn token(
        self,
        token: String,
        audiences: Arc<[String]>,
        asker: Asker,
    ) -> Result<Authenticated, ReviewError> {
        let spec = TokenSpec {
            token: &token,
            audiences: &audiences,
        };
        let status = self.review(Review::Token, spec, &token, asker).await?;
        authenticated(status, &audiences)
    }

    /// Reviews whether a user may `get` the path.
    pub(super) async fn access(
        self,
        user: User,
        path: String,
        asker: Asker,
    ) -> Result<bool, ReviewError> {
        let spec = AccessSpec {
            user: user.username.as_deref(),
            uid: user.uid.as_deref(),
            groups: user.groups.as_deref(),
            extra: user.extra.as_ref(),
            non_resource_attributes: NonResourceAttributes {
                path: &path,
                verb: "get",
            },
        };
        let review = Review::SubjectAccess;
        let status: AccessStatus = self.review(review, spec, "", asker).await?;
        match (
            status.allowed.unwrap_or_default(),
            status.denied.unwrap_or_default(),
        ) {
            (true, true) => Err(invalid(review, "both allowed and denied")),
            (allowed, _) => Ok(allowed),
        }
    }

    async fn review<S: Serialize, A: DeserializeOwned>(
        &self,
        review: Review,
        spec: S,
        secret: &str,
        asker: Asker,
    ) -> Result<A, ReviewError> {
        let request = request(review, spec)?;
        let _turn = self.turn(review, asker.unknown).await?;
        (asker.sent)();
        let response = timeout(self.limit, self.client.send(request)).await;
        let response = response.map_err(|_| ReviewError::TimedOut {
            review,
            limit: self.limit,
        })?;
        let response = response.map_err(|source| ReviewError::NoResponse { review, source })?;
        status(review, &response, secret)
    }

    async fn turn(
        &self,
        review: Review,
        unknown: Option<Origin>,
    ) -> Result<Option<Turn>, ReviewError> {
        let Some(origin) = unknown else {
            return Ok(None);
        };
        let turn = timeout(self.limit, self.unknown_clients.take(origin)).await;
        match turn.ok().flatten() {
            Some(turn) => Ok(Some(turn)),
            None => Err(ReviewError::TooMany { review }),
        }
    }
}

impl Review {
    fn path(self) -> &'static str {
        match self {
            Self::Token => TOKEN_REVIEWS,
            Self::SubjectAccess => ACCESS_REVIEWS,
        }
    }

    fn api_version(self) -> &'static str {
        match self {
            Self::Token => "authentication.k8s.io/v1",
            Self::SubjectAccess => "authorization.k8s.io/v1",
        }
    }
}

fn request<S: Serialize>(review: Review, spec: S) -> Result<Request<Vec<u8>>, ReviewError> {
    let failed = |source| ReviewError::NoResponse { review, source };
    let question = Question {
        api_version: review.api_version(),
        kind: review.to_string(),
        spec,
    };
    let body = serde_json::to_vec(&question).map_err(|e| failed(e.into()))?;
    let request = Request::post(review.path()).header(CONTENT_TYPE, "application/json");
    request.body(body).map_err(|e| failed(e.into()))
}

/// Returns the status in a response.
fn status<A: DeserializeOwned>(
    review: Review,
    response: &Response<Bytes>,
    secret: &str,
) -> Result<A, ReviewError> {
    let body = response.body();
    if !response.status().is_success() {
        return Err(rejected(review, response.status(), body, secret));
    }
    let answer: Answer<A> = serde_json::from_slice(body).map_err(|error| {
        // The message of serde may quote the response, which contains the token.
        let (line, column) = (error.line(), error.column());
        let problem = format!("invalid JSON at line {line}, column {column}");
        ReviewError::InvalidResponse { review, problem }
    })?;
    let is_kind = answer.kind.is_none_or(|kind| kind == review.to_string());
    if !is_kind
        || answer
            .api_version
            .is_some_and(|v| v != review.api_version())
    {
        return Err(invalid(review, "another kind"));
    }
    answer.status.ok_or_else(|| invalid(review, "no status"))
}

/// Returns the result of a `TokenReview` for a service that is one of `audiences`.
fn authenticated(status: TokenStatus, audiences: &[String]) -> Result<Authenticated, ReviewError> {
    if !status.authenticated.unwrap_or_default() {
        let is_certain = status.error.unwrap_or_default().is_empty();
        return Ok(if is_certain {
            Authenticated::Invalid
        } else {
            Authenticated::Unknown
        });
    }
    let valid_for = status.audiences.unwrap_or_default();
    // An API server that does not support audiences returns none: the token may be for any.
    if !audiences.is_empty() && !audiences.iter().any(|one| valid_for.contains(one)) {
        return Ok(Authenticated::Invalid);
    }
    match status.user {
        Some(user) if !user.name().is_empty() => Ok(Authenticated::User(user)),
        _ => Err(invalid(Review::Token, "authenticated without a user")),
    }
}

fn rejected(review: Review, status: StatusCode, body: &[u8], secret: &str) -> ReviewError {
    let rejection = serde_json::from_slice::<Rejection>(body);
    let mut message = rejection.ok().and_then(|r| r.message).unwrap_or_default();
    if !secret.is_empty() && message.contains(secret) {
        message = String::from("(the reason contains the token)");
    }
    ReviewError::Rejected {
        review,
        code: status.as_u16(),
        message,
    }
}

fn invalid(review: Review, problem: &str) -> ReviewError {
    let problem = problem.to_owned();
    ReviewError::InvalidResponse { review, problem }
}
