//! The objects of the histories: one kind in two API groups, in stores that are filled by hand.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::io;
use std::pin::Pin;
use std::sync::Arc;

use gotk_metrics::kube::{RecorderExt as _, TrackGuard};
use gotk_metrics::{ObjectId, Observe, Observed, Recorder};
use k8s_openapi::NamespaceResourceScope;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{ObjectMeta, Time};
use k8s_openapi::jiff::Timestamp;
use kube::Resource;
use kube::runtime::controller::Action;
use kube::runtime::reflector::store::Writer;
use kube::runtime::watcher::Event;

use crate::driven::{Driven, Script};
use crate::step::{Name, State};

/// An object of the API group with this number.
#[derive(Clone, Debug, Default)]
pub(crate) struct App<const GROUP: usize> {
    metadata: ObjectMeta,
    state: State,
}

pub(crate) type AttemptFuture = Pin<Box<dyn Future<Output = Result<Action, io::Error>>>>;

/// A wrapped reconcile function.
pub(crate) type Reconcile = Box<dyn FnMut(Name, Option<u8>, Arc<Script>) -> AttemptFuture>;

/// A store of one of the groups.
pub(crate) trait Cache {
    fn apply(&mut self, name: Name, state: State);

    fn remove(&mut self, name: Name);

    fn list(&mut self, objects: &BTreeMap<Name, State>);

    fn track(&self, recorder: &Recorder) -> TrackGuard;

    /// The reconcile function of a controller, linked with the store if there is a guard.
    fn controller(&self, recorder: &Recorder, name: &str, of: Option<&TrackGuard>) -> Reconcile;
}

/// A store of one group.
#[derive(Default)]
pub(crate) struct StoreOf<const GROUP: usize>(Writer<App<GROUP>>);

// === impl App ===

impl<const GROUP: usize> App<GROUP> {
    pub(crate) fn new(name: Name, state: State) -> Self {
        Self::numbered(name.into(), state)
    }

    pub(crate) fn numbered(number: usize, state: State) -> Self {
        let mut metadata = ObjectMeta {
            name: Some(format!("o{number}")),
            namespace: Some("ns".to_owned()),
            uid: state.uid.map(|uid| uid.to_string()),
            ..ObjectMeta::default()
        };
        if state.is_terminating {
            metadata.deletion_timestamp = Timestamp::from_second(7).ok().map(Time);
        }
        Self { metadata, state }
    }
}

impl<const GROUP: usize> Resource for App<GROUP> {
    type DynamicType = ();
    type Scope = NamespaceResourceScope;

    fn kind((): &()) -> Cow<'_, str> {
        "App".into()
    }

    fn group((): &()) -> Cow<'_, str> {
        format!("{GROUP}.example.com").into()
    }

    fn version((): &()) -> Cow<'_, str> {
        "v1".into()
    }

    fn plural((): &()) -> Cow<'_, str> {
        "apps".into()
    }

    fn meta(&self) -> &ObjectMeta {
        &self.metadata
    }

    fn meta_mut(&mut self) -> &mut ObjectMeta {
        &mut self.metadata
    }
}

impl<const GROUP: usize> Observe for App<GROUP> {
    fn observe(&self) -> Observed<'_> {
        Observed::new()
            .condition("Ready", self.state.ready)
            .condition("Stalled", self.state.stalled)
            .suspended(self.state.suspended)
    }
}

// === impl StoreOf ===

impl<const GROUP: usize> StoreOf<GROUP> {
    fn event(&mut self, event: &Event<App<GROUP>>) {
        self.0.apply_watcher_event(event);
    }
}

impl<const GROUP: usize> Cache for StoreOf<GROUP> {
    fn apply(&mut self, name: Name, state: State) {
        self.event(&Event::Apply(App::new(name, state)));
    }

    fn remove(&mut self, name: Name) {
        self.event(&Event::Delete(App::new(name, State::default())));
    }

    fn list(&mut self, objects: &BTreeMap<Name, State>) {
        self.event(&Event::Init);
        for (name, state) in objects {
            self.event(&Event::InitApply(App::new(*name, *state)));
        }
        self.event(&Event::InitDone);
    }

    fn track(&self, recorder: &Recorder) -> TrackGuard {
        recorder.track(self.0.as_reader())
    }

    fn controller(&self, recorder: &Recorder, name: &str, of: Option<&TrackGuard>) -> Reconcile {
        let options = recorder.controller().name(name);
        let options = match of {
            Some(tracked) => options.of(tracked),
            None => options,
        };
        let reconcile = |_: Arc<App<GROUP>>, script: Arc<Script>| Driven::new(script);
        let mut reconcile = options.instrument(reconcile);
        Box::new(move |name, uid, script| {
            let state = State {
                uid,
                ..State::default()
            };
            Box::pin(reconcile(Arc::new(App::new(name, state)), script))
        })
    }
}

pub(crate) fn id(name: Name) -> ObjectId<'static> {
    ObjectId::new("App", format!("o{name}")).within("ns")
}
