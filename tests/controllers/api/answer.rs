//! What the server answers.
//!
//! A refusal is a `Status`, in the shape that `kube::Error::Api` is read from.

use std::convert::Infallible;

use bytes::Bytes;
use futures_util::{Stream, StreamExt as _};
use http::{Response, StatusCode};
use http_body::Frame;
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt as _, Full, StreamBody};
use serde_json::{Value, json};

pub(crate) type AnswerBody = UnsyncBoxBody<Bytes, Infallible>;

/// Why a request is not answered.
#[derive(Debug)]
pub(crate) struct Refusal {
    code: StatusCode,
    reason: &'static str,
    message: String,
}

impl Refusal {
    fn new(code: StatusCode, reason: &'static str, message: &dyn ToString) -> Self {
        let message = message.to_string();
        Self {
            code,
            reason,
            message,
        }
    }

    #[expect(clippy::needless_pass_by_value, reason = "for `map_err`")]
    pub(crate) fn bad_request(message: impl ToString) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "BadRequest", &message)
    }

    pub(crate) fn forbidden(scope: &str) -> Self {
        Self::new(StatusCode::FORBIDDEN, "Forbidden", &scope)
    }

    pub(crate) fn not_found(what: &str) -> Self {
        Self::new(StatusCode::NOT_FOUND, "NotFound", &what)
    }

    pub(crate) fn already_exists(name: &str) -> Self {
        Self::new(StatusCode::CONFLICT, "AlreadyExists", &name)
    }

    pub(crate) fn conflict(message: &str) -> Self {
        Self::new(StatusCode::CONFLICT, "Conflict", &message)
    }

    /// A patch that cannot be applied, as one whose test fails.
    #[expect(clippy::needless_pass_by_value, reason = "for `map_err`")]
    pub(crate) fn invalid(message: impl ToString) -> Self {
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, "Invalid", &message)
    }

    pub(crate) fn expired(version: u64) -> Self {
        let message = format!("too old resource version: {version}");
        Self::new(StatusCode::GONE, "Expired", &message)
    }

    pub(crate) fn to_status(&self) -> Value {
        json!({
            "apiVersion": "v1",
            "kind": "Status",
            "metadata": {},
            "status": "Failure",
            "message": self.message,
            "reason": self.reason,
            "code": self.code.as_u16(),
        })
    }

    pub(crate) fn to_response(&self) -> Response<AnswerBody> {
        let mut response = json(&self.to_status());
        *response.status_mut() = self.code;
        response
    }
}

pub(crate) fn json(value: &Value) -> Response<AnswerBody> {
    Response::new(Full::from(value.to_string()).boxed_unsync())
}

pub(crate) fn stream(lines: impl Stream<Item = Bytes> + Send + 'static) -> Response<AnswerBody> {
    let frames = lines.map(|line| Ok(Frame::data(line)));
    Response::new(StreamBody::new(frames).boxed_unsync())
}
