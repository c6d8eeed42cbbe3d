//! The endpoint on an axum router, beside routes of one's own.
//!
//!     cargo run -p routers --bin on-axum [ADDRESS]
//!
//! The metrics are there twice, to show both ways. axum has no limit on how long a peer may take to
//! read; `MetricsServer` has.

use std::env::args;
use std::error::Error;

use axum::Router;
use axum::routing::get;
use gotk_metrics::{MetricsService, ObjectId, Recorder};
use http::request::Parts;
use tokio::net::TcpListener;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let recorder = Recorder::new();
    let web = ObjectId::new("App", "web").within("shop");
    recorder.record_suspend(&web, false);

    let metrics = MetricsService::new(recorder).openmetrics(true);
    let app = Router::new()
        .route("/", get(|| async { "a route of one's own\n" }))
        // As a service, which answers by path.
        .route_service("/metrics", metrics.clone())
        .route_service("/healthz", metrics.clone())
        .route_service("/readyz", metrics.clone())
        // As a function from the head of a request to a response, wherever that may be.
        .route(
            "/internal/{team}",
            get(async move |request: Parts| metrics.scrape(&request).await),
        );

    let address = args().nth(1).unwrap_or_else(|| "127.0.0.1:8080".into());
    let listener = TcpListener::bind(address).await?;
    println!("http://{}/metrics", listener.local_addr()?);
    axum::serve(listener, app).await?;
    Ok(())
}
