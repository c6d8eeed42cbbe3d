//! Any objects: what `Gzip::Direct` writes is the exposition, as flate2 reads it.
//!
//! Stands alone, so that the random tests use it too.

use std::fmt::Write as _;
use std::io::Read as _;
use std::pin::pin;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use flate2::read::GzDecoder;
use gotk_metrics::{ConditionType, Family, Format, Gzip, ManualClock, MetricsBody, MetricsService};
use gotk_metrics::{ObjectId, Recorder};
use http::{Request, Response};
use http_body::Body as _;

/// Parts of names: alike, of other lengths, with something to escape.
const PARTS: [&str; 16] = [
    "app-",
    "a",
    "0",
    "9",
    "\"",
    "\\",
    "\n",
    "\",name=\"",
    "é",
    "\u{10ffff}",
    "} 1\n",
    ",",
    "team-",
    "-",
    "#",
    "zzzzzzzz",
];
const TYPES: [&str; 4] = ["Ready", "Stalled", "a\"\\", "Reconciling"];
/// What the server says of its own scrapes differs from one to the next.
const OF_SCRAPES: [Family; 5] = [
    Family::ScrapeBytes,
    Family::ScrapeDuration,
    Family::ScrapesAborted,
    Family::ScrapesInFlight,
    Family::ScrapesTotal,
];

/// Records what the bytes say, and compares the compressed answer with the plain one.
///
/// # Panics
///
/// Where they differ, or where the compressed one cannot be read.
pub fn deflate(data: &[u8]) {
    let recorder = recorder();
    let mut bytes = data.iter().copied();
    let mut format = Format::Text;
    while let Some(what) = bytes.next() {
        let mut next = || bytes.next().unwrap_or_default();
        if what == 255 {
            format = Format::OpenMetrics;
            continue;
        }
        // Many neighbours at once: a chunk is hundreds of lines.
        let copies = if what & 64 == 0 { 1 } else { u32::from(next()) };
        let (name, namespace) = (text(&mut next), text(&mut next));
        let amount = next();
        for copy in 0..copies {
            let name = if copies == 1 {
                name.clone()
            } else {
                format!("{name}{copy}")
            };
            let id = ObjectId::new(if what & 32 == 0 { "App" } else { "Bucket" }, name);
            let id = id.within(&*namespace);
            record(&recorder, &id, what, amount, copy);
        }
    }
    assert_same(&recorder, format);
}

fn recorder() -> Recorder {
    let clock = ManualClock::new();
    let mut builder = Recorder::builder().clock(move || clock.now());
    for family in OF_SCRAPES {
        builder = builder.without(family);
    }
    builder
        .build()
        .expect("families of scrapes may be left out")
}

fn text(next: &mut impl FnMut() -> u8) -> String {
    let mut text = String::new();
    let parts = next();
    for _ in 0..parts % 8 {
        let part = next();
        text.push_str(PARTS[usize::from(part % 16)]);
        for _ in 0..part / 32 {
            let _ = write!(text, "{part}");
        }
    }
    text
}

fn record(recorder: &Recorder, id: &ObjectId<'_>, what: u8, amount: u8, copy: u32) {
    let is_odd = copy.wrapping_mul(u32::from(amount)).is_multiple_of(3);
    if what & 1 == 0 {
        let condition = ConditionType::new(TYPES[usize::from(what / 2 % 4)]);
        recorder.record_condition(id, &condition, is_odd.into());
    }
    if what & 8 == 0 {
        recorder.record_suspend(id, is_odd);
    }
    if what & 16 == 0 {
        for count in 0..u32::from(amount % 24) {
            let millis = (1 + u64::from(amount ^ what)) << ((count + copy) % 16);
            recorder.record_duration(id, Duration::from_millis(millis));
        }
    } else if what & 128 == 0 {
        recorder.start(id).succeed();
    }
    if what % 13 == 12 {
        recorder.record_deleted(id);
    }
}

fn assert_same(recorder: &Recorder, format: Format) {
    let service = MetricsService::new(recorder.clone());
    let service = service.openmetrics(true).gzip(Gzip::Direct);
    let request = Request::get("/metrics")
        .header("accept", format.content_type())
        .header("accept-encoding", "gzip");
    let request = request.body(()).expect("a request").into_parts().0;
    // For the one blocking thread that begins an answer.
    let runtime = tokio::runtime::Builder::new_current_thread().build();
    let answer = runtime
        .expect("a runtime")
        .block_on(service.respond(&request));
    let is_compressed = answer.headers().contains_key("content-encoding");
    let body = read(answer);
    let plain = recorder.encode(format);
    if is_compressed {
        let mut decoder = GzDecoder::new(&*body);
        let mut text = String::new();
        decoder.read_to_string(&mut text).expect("a member of gzip");
        assert!(
            text == plain,
            "{} bytes instead of {}",
            text.len(),
            plain.len()
        );
        assert!(
            decoder.into_inner().is_empty(),
            "behind the end of the member"
        );
    } else {
        assert!(body == plain.as_bytes());
    }
}

fn read(answer: Response<MetricsBody>) -> Vec<u8> {
    let mut body = pin!(answer.into_body());
    let mut cx = Context::from_waker(Waker::noop());
    let mut bytes = Vec::new();
    loop {
        match body.as_mut().poll_frame(&mut cx) {
            Poll::Ready(Some(frame)) => {
                let frame = frame.expect("an exposition").into_data().expect("data");
                bytes.extend_from_slice(&frame);
            }
            Poll::Ready(None) => return bytes,
            // It lets others have the thread, of whom there are none.
            Poll::Pending => {}
        }
    }
}
