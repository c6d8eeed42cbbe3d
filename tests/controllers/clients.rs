//! What is counted of kube's own client, with its retries inside of the layer and outside.
//!
//! The two ways are those of `docs/metrics.md`, to the letter; a test compares them.

use std::convert::Infallible;
use std::error::Error;

use crate::gotk_kube::ControllerExt as _;
use futures_util::future::join;
use gotk_metrics::{Format, Recorder};
use http::{Request, Response, Uri};
use k8s_openapi::api::core::v1::ConfigMap;
use kube::client::retry::RetryPolicy;
use kube::client::{Body, ClientBuilder};
use kube::runtime::{Controller, watcher};
use kube::{Api, Client, Config};
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::TcpListener;
use tower::buffer::BufferLayer;
use tower::retry::RetryLayer;
use tower::service_fn;

use crate::common::parse;
use crate::kinds::{App, Step, app};
use crate::reconcile::{policy, reconcile_app};
use crate::requests::{create, settle};
use crate::world::{World, spawn};

fn for_logical_requests(recorder: &Recorder, config: Config) -> kube::Result<Client> {
    // The first way.
    let requests = recorder.client_layer(&config.cluster_url);
    let client = ClientBuilder::try_from(config)?
        .with_layer(&requests)
        .build();
    // To here.
    Ok(client)
}

fn for_attempts(recorder: &Recorder, mut config: Config) -> kube::Result<Client> {
    // The second way.
    let requests = recorder.client_layer(&config.cluster_url);
    config.default_retry = false;
    let client = ClientBuilder::try_from(config)?
        .with_layer(&requests)
        .with_layer(&BufferLayer::new(1024))
        .with_layer(&RetryLayer::new(RetryPolicy::server_retry()))
        .build();
    // To here.
    Ok(client)
}

#[test]
fn both_ways_are_the_documented_ones() {
    let bare = |text: &str| text.split_whitespace().collect::<String>();
    let documented = include_str!("../../docs/metrics.md").split("```Rust\n");
    let documented = documented.skip(1).map(|rest| rest.split("```").next());
    let here = include_str!("clients.rs");
    let ways = ["// The first way.\n", "// The second way.\n"].map(|mark| {
        let (_, rest) = here.split_once(mark).unwrap();
        Some(bare(rest.split("// To here.").next().unwrap()))
    });
    let documented: Vec<_> = documented.map(|way| way.map(bare)).collect();
    assert_eq!(documented, ways);
}

/// Answers that it is too busy, once, and then with an empty object; one connection for each.
async fn busy_once(listener: &TcpListener) {
    for (status, body) in [("503 Service Unavailable", ""), ("200 OK", "{}")] {
        let (stream, _) = listener.accept().await.unwrap();
        let mut stream = BufReader::new(stream);
        let mut line = String::new();
        while stream.read_line(&mut line).await.unwrap() > 2 {
            line.clear();
        }
        let length = body.len();
        let answer = format!(
            "HTTP/1.1 {status}\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n{body}"
        );
        stream.write_all(answer.as_bytes()).await.unwrap();
    }
}

/// What one request comes to that is tried twice.
async fn tried_twice(
    client: impl FnOnce(&Recorder, Config) -> kube::Result<Client>,
) -> Result<Vec<String>, Box<dyn Error>> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    let recorder = Recorder::new();
    let config = Config::new(format!("http://{address}").parse()?);
    let maps: Api<ConfigMap> = Api::default_namespaced(client(&recorder, config)?);
    let (found, ()) = join(maps.get("a"), busy_once(&listener)).await;
    found?;
    drop(listener);
    maps.get("b").await.unwrap_err();
    Ok(counted(&recorder, &address.to_string()))
}

/// Counts by code and method, then how many durations a method has; all of one host.
fn counted(recorder: &Recorder, host: &str) -> Vec<String> {
    let samples = parse::samples(&recorder.encode(Format::Text));
    let ours = samples.iter().filter(|s| s.name.starts_with("rest_client"));
    assert!(ours.clone().all(|sample| sample.label("host") == host));
    let counts = ours.clone().filter(|s| s.name.ends_with("_total"));
    let counts = counts.map(|s| format!("{} {} {}", s.label("code"), s.label("method"), s.value));
    let durations = ours.filter(|s| s.name.ends_with("_count"));
    let durations = durations.map(|s| format!("{} {}", s.label("verb"), s.value));
    counts.chain(durations).collect()
}

#[tokio::test]
async fn a_layer_around_the_retries_sees_one_request() {
    let counted = tried_twice(for_logical_requests).await.unwrap();
    assert_eq!(counted, ["200 GET 1", "<error> GET 1", "GET 2"]);
}

#[tokio::test]
async fn a_layer_within_the_retries_sees_each_attempt() {
    let counted = tried_twice(for_attempts).await.unwrap();
    assert_eq!(
        counted,
        ["200 GET 1", "503 GET 1", "<error> GET 1", "GET 3"]
    );
}

#[tokio::test(start_paused = true)]
async fn a_controller_watches_without_a_duration() {
    let world = World::new();
    let url = Uri::from_static("https://example.com:6443");
    let layer = world.recorder.client_layer(&url);
    let server = world.server.clone();
    let service = service_fn(move |request: Request<Body>| {
        let server = server.clone();
        async move { Ok::<Response<_>, Infallible>(server.answer(request).await) }
    });
    let client = ClientBuilder::new(service, "ns").with_layer(&layer).build();
    let apps: Api<App> = Api::default_namespaced(client);
    let controller = Controller::new(apps.clone(), watcher::Config::default());
    let _running =
        spawn(controller.run_recorded(&world.recorder, reconcile_app, policy, world.context()));
    settle().await;
    create(&apps, app("a", Step::Succeed)).await;
    apps.get("b").await.unwrap_err();
    let expected = ["200 GET 2", "200 POST 1", "404 GET 1", "GET 2", "POST 1"];
    // A list and a watch, of which the list took time.
    assert_eq!(counted(&world.recorder, "example.com:6443"), expected);
}
