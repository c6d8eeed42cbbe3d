//! Shows a whole controller with its metrics: the one to copy from.
//!
//!     cargo run -p app-controller            runs against the cluster of your kubeconfig
//!     cargo run -p app-controller -- crd     prints the CRD, for `kubectl apply -f -`
//!
//! `controller.rs` has the one line that records, `app.rs` says what the gauges show, and here the
//! client's requests are counted. What is done to an object is in `reconcile.rs`, `status.rs` and
//! `work.rs`; which of several replicas does it, in `election.rs`. `options.rs` lists the
//! environment that it reads.

mod app;
mod controller;
mod election;
mod options;
mod reconcile;
mod status;
mod work;

use std::error::Error;
use std::process::ExitCode;
use std::{env, io};

use gotk_metrics::kube::kubernetes_auth;
use gotk_metrics::{MetricsServer, Recorder, TlsFiles};
use kube::client::ClientBuilder;
use kube::{Config, CustomResourceExt as _};
use tokio::select;
use tokio::signal::unix::{SignalKind, signal};

use crate::app::App;
use crate::election::Election;
use crate::options::Options;

#[tokio::main]
async fn main() -> ExitCode {
    match run().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("app-controller: {}", with_causes(&*error));
            ExitCode::FAILURE
        }
    }
}

async fn run() -> Result<(), Box<dyn Error>> {
    match env::args().nth(1).as_deref() {
        None => {}
        Some("crd") => {
            print!("{}", serde_saphyr::to_string(&App::crd())?);
            return Ok(());
        }
        Some(other) => return Err(format!("`{other}` is neither nothing nor `crd`").into()),
    }
    let options = Options::from_env()?;
    let stop = asked_to_end()?;
    let config = Config::infer().await?;
    let recorder = Recorder::builder()
        .deleted_grace(options.deleted_grace)
        .process_metrics()
        .build()?;
    // Instead of `Client::try_from(config)`, so that requests are counted.
    let requests = recorder.client_layer(&config.cluster_url);
    let client = ClientBuilder::try_from(config)?
        .with_layer(&requests)
        .build();
    let election = Election::new(&client, &options);
    // A port that is in use is an error here, before the first reconcile.
    let mut server = MetricsServer::bind(recorder.clone(), options.metrics)
        .await?
        .openmetrics(options.openmetrics);
    if options.authorize {
        // Needs the rights of `deploy/components/auth`; see `docs/security.md`.
        let auth = kubernetes_auth(client.clone());
        server = server.authorize(auth.on_error(|e| eprintln!("metrics: {}", with_causes(e))));
    }
    let mut scheme = "http";
    if let Some(folder) = options.tls {
        // A mounted Secret, of cert-manager or alike; see `docs/security.md`.
        let files = TlsFiles::new(folder.join("tls.crt"), folder.join("tls.key"));
        server = server.tls(files.on_error(|e| eprintln!("metrics: {}", with_causes(e))))?;
        scheme = "https";
    }
    println!("{scheme}://{}/metrics", server.local_addr());

    // Every replica is scraped, whether it leads or waits, until its controller has ended.
    let mut ended = Ok(());
    let controller = async { ended = controller::run(client, &recorder, election, stop).await };
    // In a box: the future of a whole controller is large.
    server.serve_until(Box::pin(controller)).await;
    ended
}

/// Ready at SIGTERM, which ends a pod, and at Ctrl-C.
fn asked_to_end() -> io::Result<impl Future<Output = ()> + Send + 'static> {
    let mut terminate = signal(SignalKind::terminate())?;
    Ok(async move {
        select! {
            _ = terminate.recv() => {}
            _ = tokio::signal::ctrl_c() => {}
        }
    })
}

/// On one line; some errors say their cause themselves.
fn with_causes(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        if !text.contains(&cause.to_string()) {
            text = format!("{text}: {cause}");
        }
        source = cause.source();
    }
    text
}
