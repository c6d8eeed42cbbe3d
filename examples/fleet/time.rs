//! Simulated time: `speed` times as fast as real time, until it is frozen.

use std::sync::OnceLock;
use std::time::{Duration, SystemTime};

use tokio::sync::watch;
use tokio::time::Instant;

#[derive(Debug)]
pub(crate) struct Time {
    start: Instant,
    /// What Unix time it was at the start.
    began: Duration,
    speed: f64,
    frozen: OnceLock<Duration>,
    over: watch::Sender<bool>,
}

/// Time stands still: nothing is to happen any more.
#[derive(Debug)]
pub(crate) struct Frozen;

/// The real one.
#[expect(
    clippy::disallowed_methods,
    reason = "no duration: a date, as objects have them"
)]
pub(crate) fn unix_now() -> Duration {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    since.unwrap_or_default()
}

impl Time {
    pub(crate) fn new(speed: f64, began: Duration) -> Self {
        Self {
            start: Instant::now(),
            began,
            speed,
            frozen: OnceLock::new(),
            over: watch::Sender::new(false),
        }
    }

    /// Since the start.
    pub(crate) fn now(&self) -> Duration {
        let running = || self.start.elapsed().mul_f64(self.speed);
        self.frozen.get().copied().unwrap_or_else(running)
    }

    /// For who looks on, and so as fast as real time: dates are compared with those of Prometheus.
    pub(crate) fn unix(&self) -> Duration {
        self.began + self.real(self.now())
    }

    /// How long something of simulated length takes in the real world.
    pub(crate) fn real(&self, simulated: Duration) -> Duration {
        simulated.div_f64(self.speed)
    }

    pub(crate) async fn sleep(&self, simulated: Duration) -> Result<(), Frozen> {
        let mut over = self.over.subscribe();
        tokio::select! {
            biased;
            _ = over.wait_for(|over| *over) => Err(Frozen),
            () = tokio::time::sleep(self.real(simulated)) => Ok(()),
        }
    }

    /// Ends every sleep. The clock stops first, so that no grace can end afterwards.
    pub(crate) fn freeze(&self) {
        self.frozen
            .get_or_init(|| self.start.elapsed().mul_f64(self.speed));
        self.over.send_replace(true);
    }
}
