//! A metrics server at work, for `scripts/endpoint`.
//!
//! Prints where it serves, records until its standard input ends, then prints what that was like as
//! one line of JSON. Nothing else ends it.

mod corpus;
mod options;
mod work;

use std::error::Error;
use std::io::{self, Read as _};
use std::path::Path;

use gotk_metrics::{MetricsServer, ObjectId, Recorder, ScrapeLimits, TlsFiles};
use tokio::sync::oneshot;

use self::options::Options;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let Some(options) = options::read()? else {
        return Ok(());
    };
    let mut limits = ScrapeLimits::default();
    if let Some(queue) = options.queue {
        limits = limits.queue(queue)?;
    }
    let builder = Recorder::builder().max_objects(200_000);
    let recorder = builder.scrape_limits(limits).build()?;
    if options.hostile {
        corpus::record(&recorder);
        println!("{}", corpus::truth());
    }
    let ids = fill(&recorder, options.objects);
    let server = serve(&recorder, &options).await?;
    let scheme = if options.tls.is_some() {
        "https"
    } else {
        "http"
    };
    println!("{scheme}://{}/metrics", server.local_addr());

    let (stop, stopped) = oneshot::channel::<()>();
    let serving = tokio::spawn(server.serve_until(stopped));
    let working = options.records.then(|| work::start(recorder, ids));
    tokio::task::spawn_blocking(|| io::stdin().read_to_end(&mut Vec::new())).await??;
    if let Some(working) = working {
        println!("{}", working.stop());
    }
    drop(stop);
    serving.await?;
    Ok(())
}

/// Objects as a controller has them once each was reconciled a few times, created in random order.
fn fill(recorder: &Recorder, objects: usize) -> Vec<ObjectId<'static>> {
    let mut random = fastrand::Rng::with_seed(0);
    let name = |number| format!("app-{number:06}-of-a-tenant");
    let mut ids: Vec<_> = (0..objects)
        .map(|number| {
            let team = format!("team-{}", number % 50);
            ObjectId::new("Kustomization", name(number)).within(team)
        })
        .collect();
    random.shuffle(&mut ids);
    for id in &ids {
        recorder.start(id).succeed();
        recorder.record_suspend(id, random.bool());
    }
    ids
}

async fn serve(recorder: &Recorder, options: &Options) -> Result<MetricsServer, Box<dyn Error>> {
    let mut server = MetricsServer::bind(recorder.clone(), options.listen).await?;
    server = server.openmetrics(options.openmetrics);
    if let Some(limit) = options.connections {
        server = server.connection_limit(limit)?;
    }
    if let Some(limit) = options.header_timeout {
        server = server.header_timeout(limit)?;
    }
    if let Some(limit) = options.stall_timeout {
        server = server.stall_timeout(limit)?;
    }
    if let Some(limit) = options.response_timeout {
        server = server.response_timeout(limit)?;
    }
    if let Some(tls) = &options.tls {
        server = server.tls(tls_files(tls, options))?;
    }
    Ok(server)
}

/// As they are called in a Secret that cert-manager fills.
fn tls_files(folder: &Path, options: &Options) -> TlsFiles {
    let mut files = TlsFiles::new(folder.join("tls.crt"), folder.join("tls.key"))
        .on_error(|error| eprintln!("{error}: {:?}", error.source()));
    let authorities = folder.join("ca.crt");
    if authorities.exists() {
        files = files.client_ca(authorities);
    }
    if let Some(interval) = options.reload_interval {
        files = files.reload_interval(interval);
    }
    files
}
