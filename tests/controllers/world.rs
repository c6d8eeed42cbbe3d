//! A cluster, a recorder, and the controllers that run between them.
//!
//! All live on tokio's time, so that a reconcile that takes two seconds has a duration of exactly two.

use std::fmt::Debug;
use std::future::ready;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::gotk_kube::ControllerExt as _;
use futures_util::{Stream, StreamExt as _};
use gotk_metrics::{Recorder, RecorderBuilder};
use kube::core::NamespaceResourceScope;
use kube::runtime::{Controller, watcher};
use kube::{Api, Resource};
use serde::de::DeserializeOwned;
use tokio::task::{JoinError, JoinHandle};
use tokio::time::{Instant, timeout};

use crate::api::ApiServer;
use crate::kinds::{App, Task};
use crate::reconcile::{Context, policy, reconcile_app, reconcile_task};
use crate::requests::settle;

/// The grace of deleted objects unless a test sets another.
pub(crate) const GRACE: Duration = Duration::from_secs(300);
/// A watch that has failed once is up again after this. When exactly is random.
pub(crate) const BACKOFF: Duration = Duration::from_secs(5);
pub(crate) const SECOND: Duration = Duration::from_secs(1);
/// The least step of tokio's time.
pub(crate) const TICK: Duration = Duration::from_millis(1);

pub(crate) struct World {
    pub(crate) server: ApiServer,
    pub(crate) recorder: Recorder,
    pub(crate) context: Arc<Context>,
    pub(crate) apps: Api<App>,
    pub(crate) tasks: Api<Task>,
}

impl World {
    pub(crate) fn new() -> Self {
        Self::of(ApiServer::default())
    }

    /// A process that has just started, in a cluster that may not.
    pub(crate) fn of(server: ApiServer) -> Self {
        Self {
            recorder: on_tokio_time(Recorder::builder()),
            context: Arc::new(Context::new(server.client())),
            apps: server.objects("ns"),
            tasks: server.objects("ns"),
            server,
        }
    }

    /// A controller of a kind in the namespace of these tests.
    pub(crate) fn controller<K>(&self) -> Controller<K>
    where
        K: Resource<DynamicType = (), Scope = NamespaceResourceScope>,
        K: Clone + Debug + DeserializeOwned + Send + Sync + 'static,
    {
        self.controller_in("ns")
    }

    pub(crate) fn controller_in<K>(&self, namespace: &str) -> Controller<K>
    where
        K: Resource<DynamicType = (), Scope = NamespaceResourceScope>,
        K: Clone + Debug + DeserializeOwned + Send + Sync + 'static,
    {
        Controller::new(self.server.objects(namespace), watcher::Config::default())
    }

    pub(crate) fn run_apps(&self) -> Running {
        let controller = self.controller::<App>();
        spawn(controller.run_recorded(&self.recorder, reconcile_app, policy, self.context()))
    }

    pub(crate) fn run_tasks(&self) -> Running {
        let controller = self.controller::<Task>();
        spawn(controller.run_recorded(&self.recorder, reconcile_task, policy, self.context()))
    }

    pub(crate) fn context(&self) -> Arc<Context> {
        Arc::clone(&self.context)
    }
}

/// A recorder whose time is tokio's.
pub(crate) fn on_tokio_time(builder: RecorderBuilder) -> Recorder {
    let start = Instant::now();
    let recorder = builder.clock(move || start.elapsed()).build();
    recorder.expect("the options of a test are valid")
}

/// A controller that runs beside the test, and not longer.
pub(crate) struct Running {
    task: JoinHandle<()>,
    errors: Arc<Mutex<Vec<String>>>,
}

/// Runs a controller until its stream ends, as a user's program does.
pub(crate) fn spawn<T, E: ToString>(
    stream: impl Stream<Item = Result<T, E>> + Send + 'static,
) -> Running {
    let errors = Arc::<Mutex<Vec<String>>>::default();
    let seen = Arc::clone(&errors);
    let task = tokio::spawn(stream.for_each(move |item| {
        let error = item.err().map(|error| error.to_string());
        seen.lock().unwrap().extend(error);
        ready(())
    }));
    Running { task, errors }
}

impl Running {
    /// What the stream has yielded as errors.
    pub(crate) fn errors(&self) -> Vec<String> {
        self.errors.lock().unwrap().clone()
    }

    /// Waits until the controller ends by itself.
    pub(crate) async fn ended(mut self) -> Result<(), JoinError> {
        let ended = timeout(GRACE, &mut self.task).await;
        ended.expect("the controller ends")
    }

    /// Drops the controller, wherever it is.
    pub(crate) async fn stop(mut self) {
        self.task.abort();
        let ended = (&mut self.task).await;
        assert!(ended.is_err_and(|error| error.is_cancelled()));
        settle().await;
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.task.abort();
    }
}
