//! A small Kubernetes API in memory: what a `kube::Client` talks to where there is no cluster.
//!
//! It behaves as a real one as far as a controller can see, and refuses what it does not know:
//! nothing that a request asks for is ignored in silence.

mod answer;
mod faults;
mod history;
mod objects;
mod request;
mod state;
mod watching;

use std::convert::Infallible;
use std::sync::{Arc, Mutex, MutexGuard};

use http::Response;
use http_body_util::BodyExt as _;
use kube::client::Body;
use kube::core::NamespaceResourceScope;
use kube::{Api, Client, Resource};
use tokio::sync::watch;
use tower::service_fn;

use self::answer::{AnswerBody, Refusal};
use self::request::{Request, Verb};
use self::state::State;

/// The API server; clones are one.
#[derive(Clone, Debug, Default)]
pub(crate) struct ApiServer {
    shared: Arc<Shared>,
}

#[derive(Debug, Default)]
struct Shared {
    state: Mutex<State>,
    /// Wakes the open watches. Told after each change, with the state unlocked.
    changed: watch::Sender<()>,
}

impl ApiServer {
    /// A client of this server. Its requests never leave the process.
    pub(crate) fn client(&self) -> Client {
        let server = self.clone();
        let service = service_fn(move |request| {
            let server = server.clone();
            async move { Ok::<_, Infallible>(server.answer(request).await) }
        });
        Client::new(service, "default")
    }

    /// The objects of a kind in a namespace, for a client of its own.
    pub(crate) fn objects<K>(&self, namespace: &str) -> Api<K>
    where
        K: Resource<DynamicType = (), Scope = NamespaceResourceScope>,
    {
        Api::namespaced(self.client(), namespace)
    }

    pub(crate) async fn answer(&self, request: http::Request<Body>) -> Response<AnswerBody> {
        let (head, body) = request.into_parts();
        let answer = match body.collect().await {
            Ok(body) => Request::read(&head, &body.to_bytes()).and_then(|r| self.perform(r)),
            Err(error) => Err(Refusal::bad_request(error)),
        };
        answer.unwrap_or_else(|refusal| refusal.to_response())
    }

    fn perform(&self, request: Request) -> Result<Response<AnswerBody>, Refusal> {
        let Request { place, verb } = request;
        let mut state = self.lock();
        state.permits(&place)?;
        let answer = match verb {
            Verb::Watch { since, lasts } => {
                let connection = state.connection();
                drop(state);
                return Ok(answer::stream(self.watch(place, since, connection, lasts)));
            }
            Verb::List => Ok(state.list(&place)),
            Verb::Get => state.get(&place),
            Verb::Create(object) => state.create(&place, object),
            Verb::Update(part, change) => state.update(&place, part, change),
            Verb::Delete => state.delete(&place),
        };
        drop(state);
        self.shared.changed.send_replace(());
        answer.map(|object| answer::json(&object))
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.shared.state.lock().unwrap()
    }
}
