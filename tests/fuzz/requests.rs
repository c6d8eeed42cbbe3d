//! Any head of a request: a status of those that are documented, and the body that was asked for.
//!
//! The first line is the method, the second the target; the others are `Accept` and `Accept-Encoding` in turn. What no
//! HTTP server would hand on is passed over.

use std::io::Read as _;
use std::sync::LazyLock;

use flate2::read::MultiGzDecoder;
use gotk_metrics::Recorder;
use gotk_metrics::{
    ConditionStatus, ConditionType, Family, Format, MetricsBody, MetricsService, ObjectId,
};
use http::header::{ACCEPT, ACCEPT_ENCODING, CONTENT_ENCODING, CONTENT_TYPE};
use http::{HeaderValue, Request, Response};
use http_body_util::BodyExt as _;
use tokio::runtime::{Builder, Runtime};

use crate::accept::preferred;

/// What the scrapes themselves change.
const OF_SCRAPES: [Family; 5] = [
    Family::ScrapeBytes,
    Family::ScrapeDuration,
    Family::ScrapesTotal,
    Family::ScrapesAborted,
    Family::ScrapesInFlight,
];

thread_local! {
    static RUNTIME: Runtime = Builder::new_current_thread().build().expect("a runtime needs nothing but memory");
}

static RECORDER: LazyLock<Recorder> = LazyLock::new(|| {
    let builder = OF_SCRAPES
        .iter()
        .fold(Recorder::builder(), |builder, family| {
            builder.without(*family)
        });
    let recorder = builder.build().expect("the default options are valid");
    // Enough to be compressed.
    for name in ["a", "b\"\n", "c", "d", "e"] {
        let id = ObjectId::new("App", name).within("ns");
        recorder.record_condition(&id, &ConditionType::READY, ConditionStatus::True);
        recorder.record_suspend(&id, false);
        recorder.start(&id).succeed();
    }
    recorder
});

/// Sends the request that `data` spells.
///
/// # Panics
///
/// Where the answer is another than that of the documentation.
pub fn requests(data: &[u8]) {
    let mut lines = data.split(|byte| *byte == b'\n');
    let mut line = || lines.next().unwrap_or_default();
    let mut request = Request::builder().method(line()).uri(line());
    let (mut accept, mut encodings) = (Vec::new(), Vec::new());
    for (number, line) in lines.enumerate() {
        let Ok(value) = HeaderValue::from_bytes(line) else {
            return;
        };
        let readable = value.to_str().ok().map(str::to_owned);
        let (name, values) = if number % 2 == 0 {
            (ACCEPT, &mut accept)
        } else {
            (ACCEPT_ENCODING, &mut encodings)
        };
        values.extend(readable);
        request = request.header(name, value);
    }
    let Ok(request) = request.body(()) else {
        return;
    };
    let (head, ()) = request.into_parts();
    let service = MetricsService::new(RECORDER.clone()).openmetrics(true);
    let (response, body) = RUNTIME.with(|runtime| {
        runtime.block_on(async {
            let (response, body) = service.respond(&head).await.into_parts();
            let body: MetricsBody = body;
            let body = body.collect().await.expect("a body of ours cannot fail");
            (Response::from_parts(response, ()), body.to_bytes())
        })
    });
    let status = response.status().as_u16();
    let (path, method) = (head.uri.path(), head.method.as_str());
    let is_read = ["GET", "HEAD"].contains(&method);
    match path {
        "/metrics" | "/healthz" | "/readyz" if !is_read => assert_eq!(status, 405, "{head:?}"),
        "/healthz" | "/readyz" => assert_eq!((status, &*body), (200, &b"ok\n"[..])),
        "/metrics" => {
            assert_eq!(status, 200, "{head:?}");
            let format = preferred(&accept.join(","));
            assert_eq!(response.headers()[CONTENT_TYPE], format.content_type());
            let compressed = response.headers().contains_key(CONTENT_ENCODING);
            if compressed {
                assert!(encodings.iter().any(|one| names_gzip(one)), "{head:?}");
            }
            if method == "GET" {
                assert_eq!(
                    plain(&body, compressed),
                    expected(format, head.uri.query()),
                    "{head:?}"
                );
            } else {
                assert!(body.is_empty());
            }
        }
        _ => assert_eq!(status, 404, "{head:?}"),
    }
}

/// Whatever its q; without a word of it nothing may be compressed.
fn names_gzip(value: &str) -> bool {
    let value = value.to_ascii_lowercase();
    value.contains("gzip") || value.contains('*')
}

fn plain(body: &[u8], compressed: bool) -> String {
    let mut text = String::new();
    let mut body = body;
    if compressed {
        MultiGzDecoder::new(body)
            .read_to_string(&mut text)
            .expect("what is sent as gzip is gzip");
    } else {
        body.read_to_string(&mut text)
            .expect("an exposition is UTF-8");
    }
    text
}

/// The whole exposition, without the families that are not selected.
fn expected(format: Format, query: Option<&str>) -> String {
    let whole = RECORDER.encode(format);
    let names = selected(query.unwrap_or_default());
    if names.is_empty() {
        return whole;
    }
    let mut text = String::new();
    let mut kept = false;
    for line in whole.split_inclusive('\n') {
        if let Some(name) = line.strip_prefix("# HELP ") {
            let name = name.split(' ').next().unwrap_or_default();
            let base = name.strip_suffix("_total").unwrap_or(name);
            let is_histogram = whole.contains(&format!("# TYPE {name} histogram\n"));
            let is_counter = whole.contains(&format!("# TYPE {name} counter\n"));
            kept = names.iter().any(|asked| match asked.strip_prefix(base) {
                Some("") => true,
                Some("_total") => is_counter,
                Some("_created") => is_counter || is_histogram,
                Some("_bucket" | "_sum" | "_count") => is_histogram,
                _ => false,
            });
        }
        if kept || line == "# EOF\n" {
            text += line;
        }
    }
    text
}

/// The values of `name[]`, without their percent signs.
fn selected(query: &str) -> Vec<String> {
    let pairs = query
        .split('&')
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")));
    let asked = pairs.filter(|(key, _)| decoded(key) == b"name[]");
    asked
        .map(|(_, value)| String::from_utf8(decoded(value)).unwrap_or_default())
        .collect()
}

fn decoded(text: &str) -> Vec<u8> {
    let bytes = text.as_bytes();
    let mut out = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        let digits = bytes
            .get(at + 1..at + 3)
            .and_then(|digits| std::str::from_utf8(digits).ok());
        let digits = digits.filter(|digits| digits.bytes().all(|digit| digit.is_ascii_hexdigit()));
        let byte = digits
            .filter(|_| bytes[at] == b'%')
            .map(|digits| u8::from_str_radix(digits, 16));
        let (byte, length) = match byte {
            Some(Ok(byte)) => (byte, 3),
            _ => (bytes[at], 1),
        };
        out.push(byte);
        at += length;
    }
    out
}
