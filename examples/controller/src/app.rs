//! The custom resource, and what the metrics read from it.
//!
//! `deploy/crd.yaml` is generated from here: `cargo run -p app-controller -- crd`.

use gotk_metrics::{Observe, Observed};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use kube::{CustomResource, KubeSchema};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What should be.
#[derive(CustomResource, Clone, Debug, Default, Deserialize, Serialize, JsonSchema)]
#[kube(
    group = "example.com",
    version = "v1",
    kind = "App",
    namespaced,
    status = "AppStatus",
    doc = "An application that the controller deploys.",
    printcolumn(
        name = "Ready",
        type_ = "string",
        json_path = ".status.conditions[?(@.type==\"Ready\")].status"
    ),
    printcolumn(name = "Suspended", type_ = "boolean", json_path = ".spec.suspend")
)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct AppSpec {
    /// Whether the controller leaves this object alone.
    pub(crate) suspend: bool,
    /// Whether there is something to remove outside of the cluster before the object may go. A
    /// finalizer holds it until then.
    pub(crate) cleanup: bool,
    /// Whether the work fails, for demonstration.
    pub(crate) fail: bool,
}

/// What is.
#[derive(Clone, Debug, Default, Deserialize, Serialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct AppStatus {
    /// The generation of the spec that the conditions are about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) observed_generation: Option<i64>,
    /// One of each type: `Ready`.
    // Each type has its own owner, who applies it without touching the others.
    #[serde(default)]
    #[x_kube(merge_strategy = ListMerge::Map(vec!["type".into()]))]
    pub(crate) conditions: Vec<Condition>,
}

/// Read at each scrape, from the controller's own cache.
impl Observe for App {
    fn observe(&self) -> Observed<'_> {
        let status = self.status.as_ref();
        Observed::new()
            .conditions(status.map(|status| &status.conditions))
            .suspended(self.spec.suspend)
            .observed_generation(status.and_then(|status| status.observed_generation))
    }
}

#[cfg(test)]
mod tests {
    use kube::CustomResourceExt as _;

    use super::App;

    #[test]
    fn the_manifest_is_what_the_code_says() {
        let generated = serde_saphyr::to_string(&App::crd()).unwrap();
        assert_eq!(include_str!("../deploy/crd.yaml"), generated);
    }
}
