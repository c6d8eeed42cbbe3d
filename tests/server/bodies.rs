//! The body by hand: what a router that polls it gets.

use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use bytes::Bytes;
use gotk_metrics::ConditionStatus::{False, True};
use gotk_metrics::{ConditionType, Format, MetricsBody, MetricsService, ObjectId};
use http::request::Parts;
use http::{Request, Response};
use http_body::Body as _;
use tower_service::Service as _;

use crate::encodings::decompressed;
use crate::running::recorder;

#[derive(Debug, Default)]
struct Wakes(AtomicUsize);

impl Wake for Wakes {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

pub(crate) fn get(target: &str, headers: &[(&str, &str)]) -> Parts {
    let mut request = Request::get(target);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.body(()).unwrap().into_parts().0
}

/// All frames, and how often the body let others have the thread.
pub(crate) fn read(response: Response<MetricsBody>) -> (Vec<Bytes>, usize) {
    read_while(response, || {})
}

/// The same; `happens` while others have the thread.
pub(crate) fn read_while(
    response: Response<MetricsBody>,
    mut happens: impl FnMut(),
) -> (Vec<Bytes>, usize) {
    let count = Arc::new(Wakes::default());
    let waker = Waker::from(Arc::clone(&count));
    let mut cx = Context::from_waker(&waker);
    let mut body = pin!(response.into_body());
    let mut frames = Vec::new();
    let mut rests = 0;
    loop {
        match body.as_mut().poll_frame(&mut cx) {
            Poll::Ready(Some(frame)) => frames.push(frame.unwrap().into_data().unwrap()),
            Poll::Ready(None) => return (frames, rests),
            Poll::Pending => {
                rests += 1;
                let woken = count.0.load(Ordering::SeqCst);
                assert_eq!(woken, rests, "pending without a wake");
                happens();
            }
        }
    }
}

#[tokio::test]
async fn a_large_scrape_lets_others_have_the_thread_after_each_chunk() {
    let recorder = recorder(3000);
    let chunks = recorder.encode_chunks(Format::Text).count();
    assert!(chunks > 50);
    let service = MetricsService::new(recorder.clone());
    let (frames, rests) = read(service.respond(&get("/metrics", &[])).await);
    assert_eq!(frames.len(), chunks);
    assert_eq!(rests, chunks - 1);
    assert!(frames.iter().all(|frame| frame.len() < 80_000));
    assert!(frames.concat() == recorder.encode(Format::Text).as_bytes());

    let request = get("/metrics", &[("Accept-Encoding", "gzip")]);
    let (frames, rests) = read(service.respond(&request).await);
    // The first chunk is made before the body is polled.
    assert!(rests >= chunks - 2, "{rests} for {chunks} chunks");
    assert!(frames.len() > 1 && frames.iter().all(|frame| frame.len() < 100_000));
    assert!(decompressed(&frames.concat()) == recorder.encode(Format::Text));
}

#[tokio::test]
async fn changes_between_frames_tear_nothing() {
    let recorder = recorder(5000);
    let request = get("/metrics", &[("accept-encoding", "gzip")]);
    let answer = MetricsService::new(recorder.clone())
        .respond(&request)
        .await;
    let mut round = 0_usize;
    let (frames, _) = read_while(answer, || {
        round += 1;
        for number in (0..5000_usize).step_by(3) {
            let id = ObjectId::new("App", format!("app-{number:05}")).within("team");
            let status = if round.is_multiple_of(2) { True } else { False };
            recorder.record_condition(&id, &ConditionType::READY, status);
            recorder.record_duration(&id, Duration::from_secs(1));
            if number.is_multiple_of(17) {
                recorder.forget(&id);
            }
        }
    });
    assert!(round > 50);
    let text = decompressed(&frames.concat());
    let mut last_bucket = "";
    let (mut lines, mut current) = (0, 0);
    for line in text.lines() {
        let (series, value) = line.rsplit_once(' ').unwrap();
        if series.starts_with("gotk_reconcile_condition{") {
            lines += 1;
            current += usize::from(value == "1");
        } else if series.starts_with("gotk_reconcile_duration_seconds_bucket") {
            last_bucket = value;
        } else if series.starts_with("gotk_reconcile_duration_seconds_count") {
            assert_eq!(value, last_bucket, "{line}");
        }
    }
    assert_eq!((lines, current), (20_000, 5000));
}

#[tokio::test]
async fn the_service_answers_by_path_and_scrape_does_not() {
    let recorder = recorder(1);
    let mut service = MetricsService::from(recorder.clone());
    let elsewhere = get("/elsewhere", &[]);
    assert_eq!(service.respond(&elsewhere).await.status(), 404);
    let (frames, _) = read(service.scrape(&elsewhere).await);
    assert_eq!(frames.concat(), recorder.encode(Format::Text).as_bytes());
    let request = Request::get("/metrics").body("ignored").unwrap();
    let (frames, _) = read(service.call(request).await.unwrap());
    assert_eq!(frames.concat(), recorder.encode(Format::Text).as_bytes());
}

#[tokio::test]
async fn a_body_says_when_it_is_at_its_end() {
    let service = MetricsService::new(recorder(1));
    for target in [
        "/metrics",
        "/metrics?name[]=nothing",
        "/healthz",
        "/nothing",
    ] {
        let response = service.respond(&get(target, &[])).await;
        let length = response.body().size_hint().exact().unwrap();
        assert_eq!(response.body().is_end_stream(), length == 0, "{target}");
        let (frames, rests) = read(response);
        assert_eq!(frames.concat().len() as u64, length);
        assert_eq!(rests, 0);
    }
}
