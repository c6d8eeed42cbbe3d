//! An API server that knows two kinds of reviews, and how to fail.
//!
//! Remembers what it was asked, and refuses what no API server has.

use std::collections::{BTreeMap, BTreeSet};
use std::convert::Infallible;
use std::fmt;
use std::io;
use std::panic::panic_any;
use std::sync::{Arc, Mutex, MutexGuard};

use bytes::Bytes;
use http::{Method, Request, Response};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt as _, Full};
use kube::Client;
use kube::client::Body;
use serde_json::{Value, json};
use tokio::sync::watch;
use tower::service_fn;

const TOKENS: &str = "/apis/authentication.k8s.io/v1/tokenreviews";
const RIGHTS: &str = "/apis/authorization.k8s.io/v1/subjectaccessreviews";

#[derive(Clone, Debug, Default)]
pub(crate) struct Cluster {
    state: Arc<Mutex<State>>,
    /// While true, questions are taken and not answered.
    held: Arc<watch::Sender<bool>>,
}

#[derive(Default)]
struct State {
    /// The status of the review of each token.
    tokens: BTreeMap<String, Value>,
    rights: BTreeSet<(String, String)>,
    token_reviews: Vec<Value>,
    access_reviews: Vec<Value>,
    faults: [Option<Fault>; 2],
}

impl fmt::Debug for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("State")
    }
}

/// Which of the two questions.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Asked {
    Token,
    Access,
}

/// How a question fails.
#[derive(Clone, Debug)]
pub(crate) enum Fault {
    /// Nobody listens.
    Unreachable,
    /// It never answers.
    Silent,
    /// The layers of the client panic.
    Panic,
    /// It answers so.
    Says(u16, String),
}

/// What panics again when it is dropped.
pub(crate) struct Grudge;

impl Drop for Grudge {
    fn drop(&mut self) {
        panic!("dropped");
    }
}

impl Cluster {
    pub(crate) fn client(&self) -> Client {
        let cluster = self.clone();
        let service = service_fn(move |request| {
            let cluster = cluster.clone();
            async move { cluster.answer(request).await }
        });
        Client::new(service, "default")
    }

    /// This token is this user's.
    pub(crate) fn add_user(&self, token: &str, user: &str) {
        let status = json!({ "authenticated": true, "user": { "username": user } });
        self.review(token, status);
    }

    /// This is what a review of this token says.
    pub(crate) fn review(&self, token: &str, status: Value) {
        self.lock().tokens.insert(token.to_owned(), status);
    }

    pub(crate) fn remove_token(&self, token: &str) {
        self.lock().tokens.remove(token);
    }

    pub(crate) fn permit(&self, user: &str, path: &str) {
        self.lock()
            .rights
            .insert((user.to_owned(), path.to_owned()));
    }

    pub(crate) fn forbid(&self, user: &str, path: &str) {
        self.lock()
            .rights
            .remove(&(user.to_owned(), path.to_owned()));
    }

    pub(crate) fn fail(&self, asked: Asked, fault: impl Into<Option<Fault>>) {
        self.lock().faults[asked as usize] = fault.into();
    }

    pub(crate) fn hold(&self, held: bool) {
        self.held.send_replace(held);
    }

    /// How many reviews of tokens, and of rights, were asked for.
    pub(crate) fn counts(&self) -> (usize, usize) {
        let state = self.lock();
        (state.token_reviews.len(), state.access_reviews.len())
    }

    /// What was asked last of that kind.
    pub(crate) fn last(&self, asked: Asked) -> Value {
        let state = self.lock();
        let reviews = match asked {
            Asked::Token => &state.token_reviews,
            Asked::Access => &state.access_reviews,
        };
        reviews.last().unwrap().clone()
    }

    async fn answer(
        &self,
        request: Request<Body>,
    ) -> io::Result<Response<UnsyncBoxBody<Bytes, Infallible>>> {
        let (head, body) = request.into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        let review: Value = serde_json::from_slice(&body).unwrap();
        assert_eq!(head.method, Method::POST);
        assert_eq!(head.headers["content-type"], "application/json");
        assert_eq!(head.uri.query(), None);
        let asked = match head.uri.path() {
            TOKENS => Asked::Token,
            RIGHTS => Asked::Access,
            other => panic!("nobody has {other}"),
        };
        let (fault, answer) = self.reviewed(asked, review);
        let mut gate = self.held.subscribe();
        gate.wait_for(|held| !held).await.unwrap();
        match fault {
            None => Ok(response(201, answer.to_string())),
            Some(Fault::Says(status, text)) => Ok(response(status, text)),
            Some(Fault::Unreachable) => Err(io::ErrorKind::ConnectionRefused.into()),
            Some(Fault::Silent) => std::future::pending().await,
            Some(Fault::Panic) => panic_any(Grudge),
        }
    }

    fn reviewed(&self, asked: Asked, mut review: Value) -> (Option<Fault>, Value) {
        let mut state = self.lock();
        let spec = &review["spec"];
        let status = match asked {
            Asked::Token => {
                assert_eq!(review["kind"], "TokenReview");
                let status = state.tokens.get(spec["token"].as_str().unwrap());
                let nobody = json!({ "user": {}, "error": "[invalid bearer token, unknown]" });
                status.cloned().unwrap_or(nobody)
            }
            Asked::Access => {
                assert_eq!(review["kind"], "SubjectAccessReview");
                let asked = &spec["nonResourceAttributes"];
                assert_eq!(asked["verb"], "get");
                let text = |value: &Value| value.as_str().unwrap().to_owned();
                let right = (text(&spec["user"]), text(&asked["path"]));
                json!({ "allowed": state.rights.contains(&right) })
            }
        };
        match asked {
            Asked::Token => state.token_reviews.push(spec.clone()),
            Asked::Access => state.access_reviews.push(spec.clone()),
        }
        // As the real one, which sends back what it was asked.
        review["status"] = status;
        (state.faults[asked as usize].clone(), review)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }
}

fn response(status: u16, text: String) -> Response<UnsyncBoxBody<Bytes, Infallible>> {
    let response = Response::builder().status(status);
    response.body(Full::from(text).boxed_unsync()).unwrap()
}
