//! Leader election: of several replicas, the one that holds the lease runs the controller.
//!
//! Only the own clock counts: a lease has expired once it was seen unchanged for its duration.

use std::time::Duration;

use k8s_openapi::api::coordination::v1::{Lease, LeaseSpec};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::MicroTime;
use k8s_openapi::jiff::Timestamp;
use kube::{Api, Client, Error, api::PostParams};
use tokio::time::{Instant, sleep, timeout};

use crate::options::Options;

const NAME: &str = "app-controller";

pub(crate) struct Election {
    leases: Api<Lease>,
    identity: String,
    duration: Duration,
    /// The lease as it was found last, and when it was first found so.
    seen: (LeaseSpec, Instant),
}

impl Election {
    pub(crate) fn new(client: &Client, options: &Options) -> Self {
        Self {
            leases: Api::namespaced(client.clone(), &options.namespace),
            identity: options.identity.clone(),
            duration: options.lease_duration,
            seen: (LeaseSpec::default(), Instant::now()),
        }
    }

    /// Ready once we lead.
    pub(crate) async fn won(&mut self) {
        while !self.answered().await {
            sleep(self.duration / 8).await;
        }
    }

    /// Ready once we no longer lead, or cannot tell and the lease is about to expire.
    pub(crate) async fn lost(&mut self) {
        let patience = self.duration * 2 / 3;
        while timeout(patience, self.answered()).await == Ok(true) {
            sleep(self.duration / 8).await;
        }
    }

    /// Lets the next one lead at once.
    pub(crate) async fn release(&mut self) -> Result<(), Error> {
        let mut lease = self.leases.get(NAME).await?;
        let holder = &mut lease.spec.get_or_insert_default().holder_identity;
        if holder.take_if(|holder| *holder == self.identity).is_none() {
            return Ok(()); // Another has taken it meanwhile.
        }
        let params = PostParams::default();
        self.leases.replace(NAME, &params, &lease).await.map(drop)
    }

    /// Whether we lead, as soon as the API server can be asked.
    async fn answered(&mut self) -> bool {
        loop {
            match self.hold().await {
                Ok(held) => return held,
                // Another was faster.
                Err(Error::Api(status)) if status.code == 409 => return false,
                Err(error) => eprintln!("lease: {error}"),
            }
            sleep(self.duration / 8).await;
        }
    }

    /// Takes the lease or renews it, unless another holds it.
    async fn hold(&mut self) -> Result<bool, Error> {
        let mut lease = self.leases.get_opt(NAME).await?.unwrap_or_default();
        let mut spec = lease.spec.take().unwrap_or_default();
        if self.seen.0 != spec {
            self.seen = (spec.clone(), Instant::now());
        }
        let holder = spec.holder_identity.as_deref().unwrap_or_default();
        let duration = spec.lease_duration_seconds.and_then(|s| s.try_into().ok());
        let expired = self.seen.1.elapsed().as_secs() >= duration.unwrap_or_default();
        if !(holder.is_empty() || holder == self.identity || expired) {
            return Ok(false);
        }
        spec.holder_identity = Some(self.identity.clone());
        spec.lease_duration_seconds = i32::try_from(self.duration.as_secs()).ok();
        spec.renew_time = Some(MicroTime(Timestamp::now()));
        lease.spec = Some(spec);
        lease.metadata.name = Some(NAME.to_owned());
        let params = PostParams::default();
        // The version that was read goes with it, so that only one of two can succeed.
        match lease.metadata.resource_version {
            Some(_) => self.leases.replace(NAME, &params, &lease).await?,
            None => self.leases.create(&params, &lease).await?,
        };
        Ok(true)
    }
}
