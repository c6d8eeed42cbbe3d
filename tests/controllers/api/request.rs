//! What a request asks for.
//!
//! A path, a parameter or a content type that nobody here knows is refused.

use std::time::Duration;

use http::header::{ACCEPT, CONTENT_TYPE};
use http::request::Parts;
use http::{HeaderMap, HeaderValue, Method};
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::answer::Refusal;

#[derive(Debug)]
pub(crate) struct Request {
    pub(crate) place: Place,
    pub(crate) verb: Verb,
}

/// Which object, or which objects.
#[derive(Debug)]
pub(crate) struct Place {
    /// The path of all objects of the kind, such as `/apis/example.com/v1/apps`.
    pub(crate) collection: String,
    /// The same with the namespace, where the request names one.
    pub(crate) scope: String,
    pub(crate) namespace: Option<String>,
    /// Empty if the request names no object.
    pub(crate) name: String,
}

#[derive(Debug)]
pub(crate) enum Verb {
    List,
    /// The changes after a version, until some time has passed.
    Watch {
        since: u64,
        lasts: Duration,
    },
    Get,
    Create(Value),
    Update(Part, Change),
    Delete,
}

/// Which part of an object a request may change.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Part {
    AllButStatus,
    Status,
}

#[derive(Debug)]
pub(crate) enum Change {
    Replace(Value),
    Merge(Value),
    /// Server-side apply, without its owners of fields: a merge that creates what is not there.
    Apply(Value),
    Json(json_patch::Patch),
}

impl Request {
    pub(crate) fn read(head: &Parts, body: &[u8]) -> Result<Self, Refusal> {
        let (place, part) = place(head.uri.path())?;
        if let Some(part) = metadata_only(&head.headers) {
            return Err(Refusal::bad_request(part));
        }
        let query = Query::read(head.uri.query().unwrap_or_default())?;
        let verb = match (&head.method, place.name.as_str()) {
            (&Method::GET, "") if query.watch => Verb::Watch {
                since: query
                    .since
                    .ok_or_else(|| Refusal::bad_request("since when?"))?,
                lasts: query.lasts,
            },
            (&Method::GET, "") => Verb::List,
            (&Method::GET, _) => Verb::Get,
            (&Method::POST, "") => Verb::Create(parse(body)?),
            (&Method::PUT, name) if !name.is_empty() => {
                Verb::Update(part, Change::Replace(parse(body)?))
            }
            (&Method::PATCH, name) if !name.is_empty() => {
                Verb::Update(part, patch(&head.headers, body)?)
            }
            (&Method::DELETE, name) if !name.is_empty() => Verb::Delete,
            (method, _) => return Err(Refusal::bad_request(format!("{method} {}", head.uri))),
        };
        Ok(Self { place, verb })
    }
}

/// What is wanted where not whole objects are.
fn metadata_only(headers: &HeaderMap) -> Option<&str> {
    let accepted = headers.get(ACCEPT)?.to_str().ok()?;
    accepted.split_once(";as=").map(|(_, part)| part)
}

fn place(path: &str) -> Result<(Place, Part), Refusal> {
    let unknown = || Refusal::not_found(path);
    let segments: Vec<&str> = path.trim_start_matches('/').split('/').collect();
    let (api, rest) = match &segments[..] {
        ["api", version, rest @ ..] => (format!("/api/{version}"), rest),
        ["apis", group, version, rest @ ..] => (format!("/apis/{group}/{version}"), rest),
        _ => return Err(unknown()),
    };
    let (namespace, rest) = match rest {
        // Two segments would be a namespace itself.
        ["namespaces", namespace, rest @ ..] if !rest.is_empty() => (Some(*namespace), rest),
        rest => (None, rest),
    };
    let (plural, name, part) = match *rest {
        [plural] => (plural, "", Part::AllButStatus),
        [plural, name] => (plural, name, Part::AllButStatus),
        [plural, name, "status"] => (plural, name, Part::Status),
        _ => return Err(unknown()),
    };
    let collection = format!("{api}/{plural}");
    let place = Place {
        scope: namespace.map_or_else(
            || collection.clone(),
            |namespace| format!("{api}/namespaces/{namespace}/{plural}"),
        ),
        collection,
        namespace: namespace.map(str::to_owned),
        name: name.to_owned(),
    };
    Ok((place, part))
}

struct Query {
    watch: bool,
    since: Option<u64>,
    lasts: Duration,
}

impl Query {
    fn read(query: &str) -> Result<Self, Refusal> {
        let mut this = Self {
            watch: false,
            since: None,
            lasts: Duration::MAX,
        };
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            let number = |value: &str| value.parse().map_err(Refusal::bad_request);
            match pair.split_once('=').unwrap_or((pair, "")) {
                ("watch", value) => this.watch = value == "true",
                ("resourceVersion", value) => this.since = Some(number(value)?),
                ("timeoutSeconds", value) => this.lasts = Duration::from_secs(number(value)?),
                // A server may send fewer bookmarks and longer pages than it is asked for.
                ("allowWatchBookmarks" | "limit" | "fieldManager" | "force", _) => {}
                _ => return Err(Refusal::bad_request(pair)),
            }
        }
        Ok(this)
    }
}

fn patch(headers: &HeaderMap, body: &[u8]) -> Result<Change, Refusal> {
    let content = headers.get(CONTENT_TYPE).map(HeaderValue::as_bytes);
    match content.unwrap_or_default() {
        b"application/merge-patch+json" => Ok(Change::Merge(parse(body)?)),
        b"application/apply-patch+yaml" => Ok(Change::Apply(parse(body)?)),
        b"application/json-patch+json" => Ok(Change::Json(parse(body)?)),
        other => Err(Refusal::bad_request(String::from_utf8_lossy(other))),
    }
}

fn parse<T: DeserializeOwned>(body: &[u8]) -> Result<T, Refusal> {
    serde_json::from_slice(body).map_err(Refusal::bad_request)
}
