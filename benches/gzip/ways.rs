//! The ways to make a scrape: as text, compressed once it is finished, or while it is made.
//!
//! Those of the server are taken from its own answers, polled as a server does.

use std::error::Error;
use std::fs;
use std::hint::black_box;
use std::io::{Read as _, Write as _};
use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker};

use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use gotk_metrics::{Format, Gzip, MetricsBody, MetricsService, Recorder};
use http::Request;
use http::request::Parts;
use http_body::Body as _;
use tokio::runtime::{Builder, Runtime};

#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Way {
    /// The text, in one chunk that is used again and again.
    Plain,
    /// flate2 over the text when all of it is there.
    Finished,
    /// The server's answers.
    Flate2,
    Direct,
}

const FAMILIES: [&str; 3] = [
    "gotk_reconcile_condition",
    "gotk_reconcile_duration_seconds",
    "gotk_suspend_status",
];
pub(crate) const WAYS: [Way; 4] = [Way::Plain, Way::Finished, Way::Flate2, Way::Direct];

/// Scrapes whose memory is measured at once, and how often each is asked for more before that.
const IN_FLIGHT: usize = 50;
const POLLS: usize = 2000;

pub(crate) struct Ways {
    recorder: Recorder,
    /// For the text and what becomes of it.
    chunk: String,
    service: MetricsService,
    runtime: Runtime,
    request: Parts,
    text: String,
    compressed: Vec<u8>,
    under_way: Vec<Pin<Box<MetricsBody>>>,
}

impl Way {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Plain => "plain",
            Self::Finished => "flate2-finished",
            Self::Flate2 => "flate2-streamed",
            Self::Direct => "direct",
        }
    }
}

impl Ways {
    pub(crate) fn new(recorder: &Recorder) -> Result<Self, Box<dyn Error>> {
        // What the server says of its own scrapes would differ from one to the next.
        let families = FAMILIES.map(|family| format!("name[]={family}")).join("&");
        let request = Request::get(format!("/metrics?{families}"));
        let request = request.header("accept-encoding", "gzip").body(())?;
        Ok(Self {
            recorder: recorder.clone(),
            chunk: String::new(),
            service: MetricsService::new(recorder.clone()),
            runtime: Builder::new_current_thread().build()?,
            request: request.into_parts().0,
            text: recorder.encode(Format::Text),
            compressed: Vec::new(),
            under_way: Vec::new(),
        })
    }

    /// Returns how many bytes there are.
    pub(crate) fn scrape(&mut self, way: Way) -> usize {
        match way {
            Way::Plain => self.encode(),
            Way::Finished => {
                self.compressed.clear();
                let mut encoder = GzEncoder::new(&mut self.compressed, Compression::fast());
                encoder
                    .write_all(self.text.as_bytes())
                    .expect("a Vec takes all");
                encoder.finish().expect("a Vec takes all").len()
            }
            Way::Flate2 => self.answer(Gzip::Flate2, |_| {}),
            Way::Direct => self.answer(Gzip::Direct, |_| {}),
        }
    }

    fn encode(&mut self) -> usize {
        let mut bytes = 0;
        self.chunk.clear();
        let mut chunks = self.recorder.encode_chunks(Format::Text);
        while chunks.fill(&mut self.chunk) {
            bytes += black_box(&self.chunk).len();
            self.chunk.clear();
        }
        bytes
    }

    /// The answer of the server; its frames go to `take`.
    fn answer(&self, gzip: Gzip, mut take: impl FnMut(&[u8])) -> usize {
        let service = self.service.clone().gzip(gzip);
        let answer = self.runtime.block_on(service.respond(&self.request));
        let mut body = pin!(answer.into_body());
        let mut cx = Context::from_waker(Waker::noop());
        let mut bytes = 0;
        loop {
            match body.as_mut().poll_frame(&mut cx) {
                Poll::Ready(Some(frame)) => {
                    let frame = frame.expect("an exposition").into_data().expect("data");
                    bytes += black_box(&frame).len();
                    take(&frame);
                }
                Poll::Ready(None) => return bytes,
                // It lets others have the thread, of whom there are none.
                Poll::Pending => {}
            }
        }
    }

    /// How many bytes of memory a scrape takes that is under way, on average of many; 0 where Linux
    /// does not tell.
    pub(crate) fn in_flight(&mut self, gzip: Gzip) -> usize {
        let service = self.service.clone().gzip(gzip);
        let before = resident();
        for _ in 0..IN_FLIGHT {
            let answer = self.runtime.block_on(service.respond(&self.request));
            let mut body = Box::pin(answer.into_body());
            let mut cx = Context::from_waker(Waker::noop());
            // Into the histograms, by when everything there is was used.
            for _ in 0..POLLS {
                let _ = black_box(body.as_mut().poll_frame(&mut cx));
            }
            // Kept: what is freed would be used by the next and not show.
            self.under_way.push(body);
        }
        resident().saturating_sub(before) / IN_FLIGHT
    }

    /// Each way ends in the same text, of so many samples.
    pub(crate) fn assert_same(&self, samples: usize) {
        let lines = self.text.lines().filter(|line| !line.starts_with('#'));
        assert_eq!(lines.count(), samples);
        for gzip in [Gzip::Flate2, Gzip::Direct] {
            let mut compressed = Vec::new();
            self.answer(gzip, |frame| compressed.extend_from_slice(frame));
            let mut text = String::new();
            let read = GzDecoder::new(&*compressed).read_to_string(&mut text);
            read.expect("what we compress can be read");
            assert!(text == self.text, "{gzip:?} is another text");
        }
    }
}

fn resident() -> usize {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let size = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib = size.and_then(|size| size.trim_end_matches("kB").trim().parse().ok());
    kib.unwrap_or(0) * 1024
}
