//! A hardened `/metrics` endpoint for any Rust program.
//!
//! Serves the metrics of any library over HTTP/1.1, with `/healthz` and `/readyz`. No client can use
//! it to take the program down: every connection is under a time limit at every moment.
//!
//! # Overview
//!
//! - [`Exposition`] is the trait of what is served. Implement it for your metrics library, or wrap a
//!   `Registry` of prometheus-client in `Registered` (feature `prometheus-client`).
//! - [`Endpoint`] is the server. [`EndpointService`] is the same for a router of your own.
//! - [`Totals`] holds the counters of an exposition.
//!
//! # Example
//!
//! A plain `Registry` of prometheus-client:
//!
//! ```
//! # #[cfg(feature = "prometheus-client")] mod example {
//! use metrics_endpoint::{Endpoint, Registered};
//! use prometheus_client::{metrics::counter::Counter, registry::Registry};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # pub async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let requests = Counter::<u64>::default();
//! let mut registry = Registry::default();
//! registry.register("app_requests", "Number of requests", requests.clone());
//!
//! # let port = 0;
//! let endpoint = Endpoint::bind(Registered::new(registry), port).await?;
//! println!("metrics at http://{}/metrics", endpoint.local_addr());
//! tokio::spawn(endpoint.serve());
//! # Ok(())
//! # }
//! # }
//! # #[cfg(feature = "prometheus-client")]
//! # example::main().unwrap();
//! ```
//!
//! # Features
//!
//! - **`tls`**: `Endpoint::tls`, HTTPS from files that are reloaded, and client certificates. Costs
//!   rustls with ring.
//! - **`auth`**: `KubernetesAuth`, bearer tokens that a Kubernetes API server accepts. Costs serde,
//!   sha2 and a few parts of futures-util.
//! - **`prometheus-client`**: `Registered`, for a `Registry` of prometheus-client.
//!
//! None is on by default.

#![cfg_attr(docsrs, feature(doc_cfg))]
mod activity;
mod admission;
#[cfg(feature = "auth")]
mod auth;
mod bind;
mod body;
mod connection;
mod connections;
mod deadline;
mod endpoint;
mod exposition;
mod gzip;
mod limits;
mod negotiation;
mod path;
mod query;
#[cfg(feature = "prometheus-client")]
mod registered;
mod response;
mod service;
mod stall;
#[cfg(feature = "tls")]
mod tls;
mod totals;
mod transport;

#[cfg(feature = "auth")]
pub use auth::{KubernetesAuth, Review, ReviewClient, ReviewError};
pub use bind::{BindAddress, BindError};
pub use body::ResponseBody;
pub use endpoint::Endpoint;
pub use exposition::{Body, Exposition, Scrape};
pub use limits::{LimitError, ScrapeLimits};
pub use negotiation::MediaType;
pub use path::PathError;
#[cfg(feature = "prometheus-client")]
pub use registered::{Registered, RegisteredBody};
pub use service::EndpointService;
#[cfg(feature = "tls")]
pub use tls::{TlsError, TlsFiles, TlsVersion};
pub use totals::{CertificateTotals, ScrapeDurations, ScrapeTotals, Totals};
