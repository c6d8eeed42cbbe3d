//! The metrics of Flux's Go controllers, the GitOps Toolkit (gotk), for Kubernetes controllers
//! written in Rust.
//!
//! A controller wraps its reconcile function once and exposes the families that Flux's dashboards
//! and alerts ask for, to the last digit as Go writes them:
//!
//! | family | what it shows |
//! |---|---|
//! | `gotk_reconcile_condition` | each condition of each object: True, False, Unknown or Deleted |
//! | `gotk_suspend_status` | whether each object is suspended |
//! | `gotk_reconcile_duration_seconds` | how long the reconciles of each object took |
//! | `controller_runtime_reconcile_total` | attempts by result, with `…_errors_total` and `…_panics_total` |
//!
//! [`Family`] lists all of them.
//!
//! # Overview
//!
//! - [`Recorder`] holds one record per object and writes the exposition. Clones are one recorder.
//! - `ControllerExt`, behind feature `kube`, runs a kube-rs `Controller` with everything recorded:
//!   `run_recorded` instead of `run`. `Observe` says what state an object is in.
//! - [`RecordReconcile`] is the trait that records. Without kube-rs most need one method,
//!   [`record`](RecordReconcile::record), which wraps a future as one attempt.
//! - [`ObjectId`] names an object; with feature `kube` a kube-rs object names itself.
//! - [`Attempt`] is the guard below `record`, for code that is not one future.
//! - [`ConditionGauge`], [`SuspendGauge`] and [`DurationHistogram`] are the typed families.
//! - `Recorder::client_layer`, behind feature `client`, counts the requests of a `kube::Client`.
//! - `MetricsServer`, behind feature `server`, serves `GET /metrics`; `MetricsService` answers it
//!   within a router of your own.
//!
//! # Example
//!
//! ```
//! use gotk_metrics::{Format, ObjectId, Recorder};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() {
//! let recorder = Recorder::new();
//! let apps = ObjectId::new("Kustomization", "apps").within("flux-system");
//!
//! let result = recorder.record(&apps, reconcile()).await;
//! assert_eq!(result, Err("no source")); // as reconcile returned it
//!
//! let text = recorder.encode(Format::Text);
//! let labels = r#"kind="Kustomization",name="apps",namespace="flux-system""#;
//! assert!(text.contains(&format!(r#"{{{labels},status="False",type="Ready"}} 1"#)));
//! assert!(text.contains(&format!("gotk_reconcile_duration_seconds_count{{{labels}}} 1")));
//! # }
//!
//! async fn reconcile() -> Result<(), &'static str> {
//!     Err("no source")
//! }
//! ```
//!
//! A panic counts as an error and goes on unwinding. A future dropped before its end counts as
//! cancelled and leaves Ready as it was.
//!
//! # In a kube-rs controller
//!
//! Replace `run` by `run_recorded`, and implement `Observe` for your kind:
//!
//! ```no_run
//! # #[cfg(all(feature = "kube", feature = "server"))] mod controller {
//! # use std::{borrow::Cow, io, sync::Arc};
//! # use futures_util::StreamExt as _;
//! # use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, ObjectMeta};
//! # use k8s_openapi::serde;
//! use gotk_metrics::{BindError, MetricsServer, Observe, Observed, Recorder};
//! use gotk_metrics::kube::ControllerExt as _;
//! use kube_runtime::{Controller, controller::Action}; // kube::runtime in a controller
//!
//! # #[derive(Clone, Debug, serde::Deserialize)]
//! # #[serde(crate = "serde")]
//! # struct App { metadata: ObjectMeta, spec: AppSpec, status: Option<AppStatus> }
//! # #[derive(Clone, Debug, serde::Deserialize)]
//! # #[serde(crate = "serde")]
//! # struct AppSpec { suspend: bool }
//! # #[derive(Clone, Debug, serde::Deserialize)]
//! # #[serde(crate = "serde")]
//! # struct AppStatus { conditions: Vec<Condition> }
//! # impl kube_core::Resource for App {
//! #     type DynamicType = ();
//! #     type Scope = k8s_openapi::NamespaceResourceScope;
//! #     fn kind(_: &()) -> Cow<'_, str> { "App".into() }
//! #     fn group(_: &()) -> Cow<'_, str> { "example.com".into() }
//! #     fn version(_: &()) -> Cow<'_, str> { "v1".into() }
//! #     fn plural(_: &()) -> Cow<'_, str> { "apps".into() }
//! #     fn meta(&self) -> &ObjectMeta { &self.metadata }
//! #     fn meta_mut(&mut self) -> &mut ObjectMeta { &mut self.metadata }
//! # }
//! # struct Context;
//! # async fn reconcile(_: Arc<App>, _: Arc<Context>) -> Result<Action, io::Error> { Ok(Action::await_change()) }
//! # fn error_policy(_: Arc<App>, _: &io::Error, _: Arc<Context>) -> Action { Action::await_change() }
//! impl Observe for App {
//!     fn observe(&self) -> Observed<'_> {
//!         let status = self.status.as_ref();
//!         Observed::new()
//!             .conditions(status.map(|status| &status.conditions))
//!             .suspended(self.spec.suspend)
//!     }
//! }
//!
//! async fn run(apps: Controller<App>, ctx: Arc<Context>) -> Result<(), BindError> {
//!     let recorder = Recorder::new();
//!     let server = MetricsServer::bind(recorder.clone(), 8080).await?;
//!     tokio::spawn(server.serve());
//!
//!     apps.run_recorded(&recorder, reconcile, error_policy, ctx)
//!         .for_each(|_| async {})
//!         .await;
//!     Ok(())
//! }
//! # }
//! ```
//!
//! Attempts are pushed as they happen. State is read at each scrape from the controller's own store:
//! Ready is the object's current status, a deletion is detected without a finalizer, and metrics are
//! complete right after a restart. The [`kube`] module has options, among them a closure for kinds of
//! another crate, and the parts for controllers that are put together by hand.
//!
//! # Conditions, suspension, deletion
//!
//! Without a tracked store, Ready follows the attempts until you set it once. Nothing detects a
//! deletion: report it with [`record_deleted`](RecordReconcile::record_deleted) when your finalizer
//! is done, or the series remain. You may do that within the attempt. Another attempt afterwards
//! brings the object back.
//!
//! ```
//! use gotk_metrics::{ConditionStatus, ConditionType, Format};
//! use gotk_metrics::{ObjectId, Recorder};
//!
//! let recorder = Recorder::new();
//! let apps = ObjectId::new("Kustomization", "apps").within("flux-system");
//!
//! recorder.record_condition(&apps, &ConditionType::STALLED, ConditionStatus::False);
//! recorder.record_suspend(&apps, true);
//!
//! // All conditions show Deleted; after five minutes all series are gone.
//! recorder.record_deleted(&apps);
//! assert!(recorder.encode(Format::Text).contains(r#"status="Deleted",type="Stalled"} 1"#));
//! ```
//!
//! # Metrics of your own
//!
//! Register them in a [`Registry`](prometheus_client::registry::Registry) of prometheus-client and
//! [`append`](Recorder::append) that: one endpoint serves both.
//!
//! # What it does not do
//!
//! - Nothing runs in the background and nothing is global unless [`Recorder::global`] is called.
//! - No method that records can fail. What is beyond a limit (100 000 objects, 64 controllers, 16
//!   condition types) is refused and counted in `gotkmetrics_refused_total`.
//! - It asks no cluster: what it shows is what the controller has told it, or has in its store.
//!
//! # Features
//!
//! - **`kube`** (on by default): `ControllerExt`, `Recorder::track` and `Recorder::instrument`,
//!   objects of kube-rs as ids, `Action` as the result of an attempt. Costs kube-runtime, which a
//!   kube-rs controller has anyway. It does not compile until somebody, in the end the application,
//!   has chosen a Kubernetes version for `k8s-openapi`.
//! - **`client`**: `Recorder::client_layer`, which counts the requests of a `kube::Client`. Costs
//!   http and tower's two traits.
//! - **`process`**: `RecorderBuilder::process_metrics`, for `process_*`. Costs nothing but its
//!   code; Linux only.
//! - **`auth`**: `KubernetesAuth`, so that the cluster says who may scrape. Costs `server`,
//!   kube-client, which a controller has, and sha2.
//! - **`server`**: `MetricsServer` and `MetricsService`. Costs hyper, tokio's `net` and flate2.
//! - **`tls`**: `MetricsServer::tls`, HTTPS from files that are read again, and client
//!   certificates. Costs rustls with ring, which a `kube::Client` has by default.
//!
//! Without all of them, the recorder and its exposition need no async runtime.

#![cfg_attr(docsrs, feature(doc_cfg))]
#![cfg_attr(
    not(all(feature = "client", feature = "kube-any")),
    expect(
        dead_code,
        reason = "the core counts requests and tracks stores, which only the features client and kube do"
    )
)]

mod attempt;
mod catalog;
#[cfg(feature = "client")]
pub mod client;
mod clock;
mod controller;
mod error;
mod exposition;
mod families;
mod inner;
#[cfg(feature = "kube")]
pub mod kube;
#[cfg(feature = "kube-3")]
pub mod kube3;
#[cfg(feature = "kube-4")]
pub mod kube4;
mod membership;
mod metric;
#[cfg(all(test, gotk_loom))]
mod models;
mod object;
#[cfg(feature = "kube-any")]
mod observe;
mod origin;
#[cfg(all(feature = "process", target_os = "linux"))]
mod process;
mod reconcile;
mod recorder;
mod registries;
mod requests;
mod resource_info;
mod series;
#[cfg(feature = "server")]
mod server;
mod status;
mod store;
mod sync;
mod tracking;
mod unwind;

pub use attempt::Attempt;
pub use catalog::{Family, FamilyType};
pub use clock::ManualClock;
pub use controller::Outcome;
pub use error::{AlreadyRegistered, AlreadySet, AppendError, BuildError};
pub use exposition::{Chunks, Format};
pub use families::{ConditionGauge, DurationHistogram, SuspendGauge};
#[cfg(feature = "server")]
pub use metrics_endpoint::{BindAddress, BindError, LimitError, PathError, ScrapeLimits};
#[cfg(feature = "auth")]
pub use metrics_endpoint::{KubernetesAuth, Review, ReviewError};
#[cfg(feature = "tls")]
pub use metrics_endpoint::{TlsError, TlsFiles, TlsVersion};
pub use object::{ObjectId, ToObjectId};
#[cfg(feature = "kube-any")]
pub use observe::{Condition, Conditions, Observe, Observed};
pub use reconcile::{AttemptFuture, Completion, ErrorCategory, RecordReconcile};
pub use recorder::{Recorder, RecorderBuilder};
#[cfg(feature = "server")]
pub use server::{MetricsBody, MetricsServer, MetricsService};
pub use status::{ConditionStatus, ConditionType};

/// Compiles the examples of the README, but for the first: a kind of its own needs kube's derive,
/// so `tests/controllers` has that one.
#[cfg(all(doctest, feature = "kube", feature = "server"))]
#[doc = include_str!("../README.md")]
struct Readme;

/// Compiles the examples of the guide, before and after.
#[cfg(all(doctest, feature = "kube", feature = "server"))]
#[doc = include_str!("../docs/migrating.md")]
struct Migrating;
