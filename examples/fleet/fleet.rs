//! All objects together: starts them, sums them up, stops them.

use std::future::pending;
use std::sync::Arc;
use std::time::Duration;

use fastrand::Rng;
use gotk_metrics::Recorder;
use tokio::task::JoinSet;

use crate::Error;
use crate::commands;
use crate::counts::Counts;
use crate::life::Life;
use crate::object::Object;
use crate::options::Options;
use crate::orders::Orders;
use crate::plan::Fate;
use crate::time::{Frozen, Time};
use crate::truth;

const SUMMARY_EVERY: Duration = Duration::from_secs(5);

pub(crate) struct Fleet {
    objects: Vec<Arc<Object>>,
    lives: JoinSet<Frozen>,
    time: Arc<Time>,
}

impl Fleet {
    pub(crate) fn start(options: &Options, recorder: &Recorder, time: &Arc<Time>) -> Self {
        let objects = Object::many(options.objects);
        let mut random = Rng::with_seed(options.seed);
        let mut listeners = Vec::new();
        let lives = objects.iter().map(|object| {
            let (sender, orders) = Orders::channel();
            listeners.push((Arc::clone(object), sender));
            Life {
                object: Arc::clone(object),
                recorder: recorder.clone(),
                time: Arc::clone(time),
                // Its own, so that how tasks take turns does not change what happens to an object.
                fate: Fate::new(random.fork()),
                orders,
            }
        });
        let lives = lives.map(Life::live).collect();
        if options.commands {
            commands::follow(listeners);
        }
        Self {
            lives,
            time: Arc::clone(time),
            objects,
        }
    }

    /// Returns only if it fails: what is frozen stays, to be scraped.
    pub(crate) async fn run(self, options: &Options) -> Result<(), Error> {
        let end = async {
            match options.stop_after {
                Some(duration) => tokio::time::sleep(duration).await,
                None => pending().await,
            }
        };
        tokio::select! {
            () = self.tell() => {}
            () = end => {}
        }
        self.time.freeze();
        // Each life ends its attempt first, so nothing moves from here on.
        self.lives.join_all().await;
        println!("{}, frozen", Counts::of(&self.objects, self.time.now()));
        if let Some(file) = &options.truth {
            truth::write(file, &self.objects, self.time.now())
                .map_err(|error| format!("--truth {}: {error}", file.display()))?;
            println!("truth in {}", file.display());
        }
        pending().await
    }

    /// Prints a summary every few seconds, for ever.
    async fn tell(&self) {
        let mut ticks = tokio::time::interval(SUMMARY_EVERY);
        loop {
            ticks.tick().await;
            println!("{}", Counts::of(&self.objects, self.time.now()));
        }
    }
}
