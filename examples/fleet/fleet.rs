//! All objects together: starts them, sums them up, stops them.

use std::future::pending;
use std::sync::Arc;
use std::time::Duration;

use fastrand::Rng;
use tokio::task::JoinSet;

use crate::Error;
use crate::bad_luck::BadLuck;
use crate::commands;
use crate::controller::Controller;
use crate::counts::Counts;
use crate::fate::Fate;
use crate::life::Life;
use crate::object::Object;
use crate::options::Options;
use crate::orders::Orders;
use crate::time::Frozen;
use crate::truth;
use crate::world::World;

const SUMMARY_EVERY: Duration = Duration::from_secs(5);

pub(crate) struct Fleet {
    objects: Vec<Arc<Object>>,
    lives: JoinSet<Frozen>,
    world: Arc<World>,
}

impl Fleet {
    /// Its controllers lead from here on. In a history, one object's first attempt never ends.
    pub(crate) fn start(options: &Options, world: World) -> Self {
        World::leads(&world.recorder, true);
        let world = Arc::new(world);
        let objects = Object::many(options.objects);
        let mut random = Rng::with_seed(options.seed);
        let mut listeners = Vec::new();
        let lives = objects.iter().enumerate().map(|(number, object)| {
            let (sender, orders) = Orders::channel();
            listeners.push((Arc::clone(object), sender));
            Life {
                controller: Controller {
                    object: Arc::clone(object),
                    world: Arc::clone(&world),
                },
                // Its own, so that how tasks take turns does not change what happens to an object.
                fate: Fate::new(random.fork(), options.backfill.and(BadLuck::of(number))),
                orders,
            }
        });
        let lives = lives.map(Life::live).collect();
        if options.commands {
            commands::follow(listeners);
        }
        Self {
            objects,
            lives,
            world,
        }
    }

    pub(crate) fn counts(&self) -> Counts {
        Counts::of(&self.objects, self.world.time.now())
    }

    /// Returns only if it fails: what is frozen stays, to be scraped.
    pub(crate) async fn run(mut self, options: &Options) -> Result<(), Error> {
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
        self.world.time.freeze();
        // Each life ends its attempt first, so nothing moves from here on.
        while self.lives.join_next().await.is_some() {}
        println!("{}, frozen", self.counts());
        if let Some(file) = &options.truth {
            truth::write(file, &self.objects, self.world.time.now())
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
            println!("{}", self.counts());
        }
    }
}
