//! One process of a history, from its start to its end, and the scrapes of it.

use std::future::poll_fn;
use std::io::Write;
use std::ops::Range;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use gotk_metrics::{MetricsService, Recorder};
use http::Request;
use http_body::Body as _;

use crate::Error;
use crate::fleet::Fleet;
use crate::history::History;
use crate::options::Options;
use crate::process::Process;
use crate::time::Time;
use crate::world::{self, World};

pub(crate) const SCRAPE_EVERY: Duration = Duration::from_secs(30);
/// Of the network, in bytes per second.
const BANDWIDTH: f64 = 20e6;

/// One process, from its start to its end.
pub(crate) struct Run {
    pub(crate) recorder: Recorder,
    time: Arc<Time>,
    process: Process,
    service: MetricsService,
    objects: usize,
    outage: Range<Duration>,
}

impl Run {
    pub(crate) fn start(
        options: &Options,
        now: Duration,
        outage: &Range<Duration>,
    ) -> Result<Self, Error> {
        let time = Arc::new(Time::new(1.0, now));
        let recorder = world::recorder(options, &time)?;
        Ok(Self {
            process: Process::start(&recorder, now)?,
            service: MetricsService::new(recorder.clone()),
            objects: options.objects,
            outage: outage.clone(),
            recorder,
            time,
        })
    }

    pub(crate) fn lead(&self, options: &Options) -> Fleet {
        let world = World::new(
            self.recorder.clone(),
            Arc::clone(&self.time),
            self.outage.clone(),
        );
        Fleet::start(options, world)
    }

    /// Scrapes until `end`, and then not.
    pub(crate) async fn goes_on(
        &mut self,
        history: &mut History<impl Write>,
        fleet: Option<&Fleet>,
        end: Duration,
    ) -> Result<(), Error> {
        let mut at = self.time.unix();
        while at < end {
            // Whatever else happens at this moment happens first: part of a scrape is another thread's.
            for _ in 0..100 {
                tokio::task::yield_now().await;
            }
            let (objects, attempts) = fleet.map_or((0, 0), |f| (self.objects, f.counts().attempts));
            self.process.goes_on(SCRAPE_EVERY, objects, attempts);
            let text = self.scrape().await?;
            history.up(at, self.time.unix().saturating_sub(at), &text)?;
            at += SCRAPE_EVERY;
            tokio::time::sleep(at.saturating_sub(self.time.unix())).await;
        }
        Ok(())
    }

    /// Through the endpoint, so that it counts, and over a network that takes its time.
    async fn scrape(&self) -> Result<String, Error> {
        let (parts, ()) = Request::get("/metrics").body(())?.into_parts();
        let mut body = pin!(self.service.scrape(&parts).await.into_body());
        let mut text = Vec::new();
        while let Some(frame) = poll_fn(|ctx| body.as_mut().poll_frame(ctx)).await {
            let chunk = frame?.into_data().unwrap_or_default();
            let bytes = u32::try_from(chunk.len()).unwrap_or(u32::MAX);
            tokio::time::sleep(Duration::from_secs_f64(f64::from(bytes) / BANDWIDTH)).await;
            text.extend_from_slice(&chunk);
        }
        Ok(String::from_utf8(text)?)
    }
}
