//! The responses that are not an exposition, and the headers of all of them.
//!
//! Nothing here depends on the state of the endpoint.

use bytes::Bytes;
#[cfg(feature = "auth")]
use http::header::WWW_AUTHENTICATE;
use http::header::{ALLOW, CONTENT_ENCODING, CONTENT_TYPE, VARY, X_CONTENT_TYPE_OPTIONS};
use http::{HeaderValue, Method, Response, StatusCode};

#[cfg(feature = "auth")]
use crate::auth::Denial;
use crate::body::ResponseBody;
use crate::negotiation::MediaType;
#[cfg(feature = "auth")]
use crate::totals::CountedScrape;

pub(crate) fn probe(method: &Method, passes: impl FnOnce() -> bool) -> Response<ResponseBody> {
    if !reads(method) {
        return method_not_allowed();
    }
    if passes() {
        text(StatusCode::OK, "ok\n")
    } else {
        text(StatusCode::SERVICE_UNAVAILABLE, "not ready\n")
    }
}

/// The response to a request without a valid header `Host`.
pub(crate) fn bad_host() -> Response<ResponseBody> {
    text(
        StatusCode::BAD_REQUEST,
        "exactly one valid Host header required\n",
    )
}

/// The response to a client that has not shown a required certificate.
pub(crate) fn no_certificate() -> Response<ResponseBody> {
    text(StatusCode::FORBIDDEN, "client certificate required\n")
}

pub(crate) fn reads(method: &Method) -> bool {
    matches!(*method, Method::GET | Method::HEAD)
}

#[cfg(feature = "auth")]
pub(crate) fn denied(denial: Denial, counted: &mut CountedScrape) -> Response<ResponseBody> {
    match denial {
        Denial::Unauthorized => {
            counted.unauthorized();
            let mut response = text(StatusCode::UNAUTHORIZED, "bearer token required\n");
            let scheme = HeaderValue::from_static("Bearer");
            response.headers_mut().insert(WWW_AUTHENTICATE, scheme);
            response
        }
        Denial::Forbidden(reason) => {
            counted.forbidden();
            text(StatusCode::FORBIDDEN, reason)
        }
        Denial::Busy => {
            counted.rejected();
            text(
                StatusCode::SERVICE_UNAVAILABLE,
                "too many unknown clients\n",
            )
        }
        Denial::Failed => text(
            StatusCode::INTERNAL_SERVER_ERROR,
            "could not verify access with the cluster\n",
        ),
    }
}

pub(crate) fn scrape_failed() -> Response<ResponseBody> {
    text(StatusCode::INTERNAL_SERVER_ERROR, "scrape failed\n")
}

pub(crate) fn method_not_allowed() -> Response<ResponseBody> {
    let mut response = text(StatusCode::METHOD_NOT_ALLOWED, "method not allowed\n");
    let allowed = HeaderValue::from_static("GET, HEAD");
    response.headers_mut().insert(ALLOW, allowed);
    response
}

pub(crate) fn exposition(
    media_type: MediaType,
    compressed: bool,
    body: ResponseBody,
) -> Response<ResponseBody> {
    let Ok(content_type) = HeaderValue::from_str(media_type.content_type()) else {
        return scrape_failed();
    };
    let mut response = with_type(StatusCode::OK, content_type, body);
    let headers = response.headers_mut();
    headers.insert(VARY, HeaderValue::from_static("Accept, Accept-Encoding"));
    if compressed {
        headers.insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    }
    response
}

pub(crate) fn text(status: StatusCode, text: impl Into<Bytes>) -> Response<ResponseBody> {
    let content_type = HeaderValue::from_static("text/plain; charset=utf-8");
    with_type(status, content_type, ResponseBody::text(text.into()))
}

fn with_type(
    status: StatusCode,
    content_type: HeaderValue,
    body: ResponseBody,
) -> Response<ResponseBody> {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, content_type);
    // A browser must not run what a metric contains.
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}
