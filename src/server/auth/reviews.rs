//! The two questions to the API server.
//!
//! Not through `Client::request`: kube writes an answer that it cannot read to the log, and the
//! answer to a `TokenReview` has the token in it.

use std::time::Duration;

use http::header::CONTENT_TYPE;
use http::{Request, StatusCode};
use http_body_util::{BodyExt as _, Limited};
use k8s_openapi::api::authentication::v1::{TokenReview, TokenReviewSpec, UserInfo};
use k8s_openapi::api::authorization::v1::{SubjectAccessReview, SubjectAccessReviewSpec};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Status;
use k8s_openapi::serde::{Serialize, de::DeserializeOwned};
use kube_client::Client;
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::timeout;

use super::error::{Review, ReviewError};
use crate::sync::Arc;

const TOKEN_REVIEWS: &str = "/apis/authentication.k8s.io/v1/tokenreviews";
const ACCESS_REVIEWS: &str = "/apis/authorization.k8s.io/v1/subjectaccessreviews";
/// As controller-runtime.
const TIMEOUT: Duration = Duration::from_secs(10);
/// Far more than a user with many groups has.
const ANSWER_BYTES: usize = 1 << 20;
/// Questions at once about whoever was not let in before. Whoever tries many must not use up what
/// the API server grants to the controller, whose name the questions carry.
const STRANGERS: usize = 8;

#[derive(Clone)]
pub(super) struct Reviews {
    client: Client,
    pub(super) limit: Duration,
    strangers: Arc<Semaphore>,
}

/// What the API server says of a token.
pub(super) enum Authenticated {
    As(UserInfo),
    /// Nobody, and it is sure of that.
    Nobody,
    /// Nobody as far as it can tell: the token is wrong, or could not be looked up.
    NobodyKnown,
}

impl Reviews {
    pub(super) fn new(client: Client) -> Self {
        Self {
            client,
            limit: TIMEOUT,
            strangers: Arc::new(Semaphore::new(STRANGERS)),
        }
    }

    /// Whose token this is. Who is no stranger does not wait behind those who are.
    pub(super) async fn token(
        self,
        token: String,
        audiences: Arc<[String]>,
        is_stranger: bool,
    ) -> Result<Authenticated, ReviewError> {
        let ask = async {
            let _turn = self.turn(is_stranger).await;
            let spec = TokenReviewSpec {
                audiences: (!audiences.is_empty()).then(|| audiences.to_vec()),
                token,
            };
            let review = TokenReview {
                spec,
                ..TokenReview::default()
            };
            let secret = &review.spec.token;
            self.ask::<_, TokenReview>(Review::Token, TOKEN_REVIEWS, &review, secret)
                .await
        };
        let limit = self.limit;
        let review = timeout(limit, ask)
            .await
            .map_err(|_| timed_out(Review::Token, limit))??;
        authenticated(review, &audiences)
    }

    /// Whether the API server's word is yes.
    pub(super) async fn access(
        self,
        spec: SubjectAccessReviewSpec,
        is_stranger: bool,
    ) -> Result<bool, ReviewError> {
        let review = SubjectAccessReview {
            spec,
            ..SubjectAccessReview::default()
        };
        let kind = Review::SubjectAccess;
        let ask = async {
            let _turn = self.turn(is_stranger).await;
            self.ask::<_, SubjectAccessReview>(kind, ACCESS_REVIEWS, &review, "")
                .await
        };
        let review = timeout(self.limit, ask)
            .await
            .map_err(|_| timed_out(kind, self.limit))??;
        let status = review.status.ok_or_else(|| nonsense(kind, "no status"))?;
        match (status.allowed, status.denied.unwrap_or_default()) {
            (true, true) => Err(nonsense(kind, "both allowed and denied")),
            (allowed, _) => Ok(allowed),
        }
    }

    async fn turn(&self, is_stranger: bool) -> Option<SemaphorePermit<'_>> {
        if is_stranger {
            // Never closed.
            self.strangers.acquire().await.ok()
        } else {
            None
        }
    }

    async fn ask<Q: Serialize, A: DeserializeOwned>(
        &self,
        review: Review,
        path: &str,
        question: &Q,
        secret: &str,
    ) -> Result<A, ReviewError> {
        let unanswered = |source| ReviewError::Unanswered { review, source };
        let body = serde_json::to_vec(question).map_err(|e| unanswered(e.into()))?;
        let request = Request::post(path)
            .header(CONTENT_TYPE, "application/json")
            .body(body.into())
            .map_err(|e| unanswered(e.into()))?;
        let response = self.client.send(request).await;
        let (head, body) = response.map_err(|e| unanswered(e.into()))?.into_parts();
        let body = Limited::new(body, ANSWER_BYTES).collect().await;
        let body = body.map_err(unanswered)?.to_bytes();
        if !head.status.is_success() {
            return Err(refused(review, head.status, &body, secret));
        }
        // What serde says may quote the answer.
        serde_json::from_slice(&body).map_err(|error| {
            let (line, column) = (error.line(), error.column());
            let problem = format!("not the JSON of one, at line {line}, column {column}");
            ReviewError::Nonsense { review, problem }
        })
    }
}

/// What the answer comes to for whoever is one of `audiences`.
fn authenticated(review: TokenReview, audiences: &[String]) -> Result<Authenticated, ReviewError> {
    let nonsense = |problem| Err(nonsense(Review::Token, problem));
    let Some(status) = review.status else {
        return nonsense("no status");
    };
    if !status.authenticated.unwrap_or_default() {
        let is_sure = status.error.unwrap_or_default().is_empty();
        return Ok(if is_sure {
            Authenticated::Nobody
        } else {
            Authenticated::NobodyKnown
        });
    }
    let valid_for = status.audiences.unwrap_or_default();
    // An API server that does not know of audiences names none: the token may be for anybody.
    if !audiences.is_empty() && !audiences.iter().any(|one| valid_for.contains(one)) {
        return Ok(Authenticated::Nobody);
    }
    match status.user {
        Some(user) if user.username.as_ref().is_some_and(|n| !n.is_empty()) => {
            Ok(Authenticated::As(user))
        }
        _ => nonsense("authenticated, and no user"),
    }
}

fn refused(review: Review, status: StatusCode, body: &[u8], secret: &str) -> ReviewError {
    let status_body = serde_json::from_slice::<Status>(body).unwrap_or_default();
    let mut message = status_body.message.unwrap_or_default();
    if !secret.is_empty() && message.contains(secret) {
        message = String::from("(its reason quotes the token)");
    }
    ReviewError::Refused {
        review,
        code: status.as_u16(),
        message,
    }
}

fn timed_out(review: Review, limit: Duration) -> ReviewError {
    ReviewError::TimedOut { review, limit }
}

fn nonsense(review: Review, problem: &str) -> ReviewError {
    let problem = problem.to_owned();
    ReviewError::Nonsense { review, problem }
}
