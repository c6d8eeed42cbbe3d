//! The endpoint in a service of hyper's, beside paths of one's own.
//!
//!     cargo run -p routers --bin on-hyper [ADDRESS]
//!
//! hyper has no limit on how long a peer may take to read; `MetricsServer` has.

use std::convert::Infallible;
use std::env::args;
use std::error::Error;

use bytes::Bytes;
use gotk_metrics::{MetricsBody, MetricsService, ObjectId, Recorder};
use http::{Request, Response};
use http_body_util::{Either, Full};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::TcpListener;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let recorder = Recorder::new();
    let web = ObjectId::new("App", "web").within("shop");
    recorder.record_suspend(&web, false);

    let metrics = MetricsService::new(recorder).openmetrics(true);
    let address = args().nth(1).unwrap_or_else(|| "127.0.0.1:8080".into());
    let listener = TcpListener::bind(address).await?;
    println!("http://{}/metrics", listener.local_addr()?);
    loop {
        let (stream, _) = listener.accept().await?;
        let metrics = metrics.clone();
        tokio::spawn(async move {
            let service = service_fn(move |request| answer(metrics.clone(), request));
            let served = http1::Builder::new()
                .timer(TokioTimer::new())
                .serve_connection(TokioIo::new(stream), service);
            // A scraper that hung up is no news.
            let _ = served.await;
        });
    }
}

type Body = Either<Full<Bytes>, MetricsBody>;

async fn answer(
    metrics: MetricsService,
    request: Request<Incoming>,
) -> Result<Response<Body>, Infallible> {
    let (parts, _) = request.into_parts();
    Ok(match parts.uri.path() {
        "/" => Response::new(Either::Left("a path of one's own\n".into())),
        // By path: the metrics, the probes, or not found.
        _ => metrics.respond(&parts).await.map(Either::Right),
    })
}
