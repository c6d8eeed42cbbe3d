//! Values of labels that could be anything: how many there can be.
//!
//! What is refused is counted, and what is known goes on.

use gotk_metrics::{Format, Recorder};
use http::{Method, Request, Uri};
use tower_layer::Layer as _;
use tower_service::Service as _;

use crate::common::assert_counters;
use crate::service::{Server, URL, answer, counted, get, now};

#[test]
fn a_host_too_many_is_refused_and_counted() {
    let recorder = Recorder::new();
    let layers: Vec<_> = (10..27)
        .map(|host| recorder.client_layer(&format!("http://{host}/").parse().unwrap()))
        .collect();
    assert_counters(&recorder, &[]);
    for layer in layers {
        now(layer.layer(Server(|_| answer(200))).call(get("/"))).unwrap();
    }
    assert_counters(&recorder, &["refused requests 1"]);
    let text = recorder.encode(Format::Text);
    assert!(text.contains(r#"host="25""#) && !text.contains(r#"host="26""#));
    let known = recorder.client_layer(&Uri::from_static("http://10/"));
    now(known.layer(Server(|_| answer(200))).call(get("/"))).unwrap();
    assert_counters(&recorder, &["refused requests 1"]);
}

#[test]
fn results_and_methods_without_end_are_refused_and_counted() {
    let recorder = Recorder::new();
    let layer = recorder.client_layer(&URL.parse().unwrap());
    for status in 200..330 {
        now(layer.layer(Server(|_| answer(status))).call(get("/"))).unwrap();
    }
    assert_counters(&recorder, &["refused requests 2"]);
    let counts = counted(&recorder);
    assert_eq!(
        (counts.len(), counts[127].as_str()),
        (129, "327 10.96.0.1:6443 GET 1")
    );
    assert!(
        counts[128].starts_with("10.96.0.1:6443 GET 130 "),
        "{}",
        counts[128]
    );

    let invented = Method::from_bytes(b"BREW").unwrap();
    let request = Request::builder().method(invented).body("").unwrap();
    now(layer.layer(Server(|_| answer(200))).call(request)).unwrap();
    assert_counters(&recorder, &["refused requests 3"]);
    assert_eq!(counted(&recorder), counts);
}
