//! Writes the status, with server-side apply.
//!
//! The same result gives the same bytes: a status that changed at each reconcile would cause the next.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, Time};
use k8s_openapi::jiff::Timestamp;
use kube::api::{Patch, PatchParams};
use kube::{Api, Resource as _, ResourceExt as _};
use serde_json::json;

use crate::app::{App, AppStatus};
use crate::work::WorkError;

/// Owns the fields that are written here.
const MANAGER: &str = "app-controller";
const READY: &str = "Ready";

pub(crate) async fn write(
    apps: &Api<App>,
    app: &App,
    worked: &Result<(), WorkError>,
) -> Result<(), kube::Error> {
    let status = AppStatus {
        observed_generation: app.meta().generation,
        conditions: vec![ready(app, worked)],
    };
    let patch = json!({
        "apiVersion": App::api_version(&()),
        "kind": App::kind(&()),
        "status": status,
    });
    let params = PatchParams::apply(MANAGER).force();
    apps.patch_status(&app.name_any(), &params, &Patch::Apply(patch))
        .await?;
    Ok(())
}

fn ready(app: &App, worked: &Result<(), WorkError>) -> Condition {
    let (status, reason, message) = match worked {
        Ok(()) => ("True", "Deployed", "the app is deployed".to_owned()),
        Err(error) => ("False", error.reason(), error.to_string()),
    };
    let mut before = app.status.iter().flat_map(|status| &status.conditions);
    let unchanged = before.find(|one| one.type_ == READY && one.status == status);
    Condition {
        type_: READY.to_owned(),
        status: status.to_owned(),
        reason: reason.to_owned(),
        message,
        observed_generation: app.meta().generation,
        last_transition_time: match unchanged {
            Some(condition) => condition.last_transition_time.clone(),
            None => Time(Timestamp::now()),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::AppSpec;

    #[test]
    fn the_time_of_a_condition_stays_while_its_status_does() {
        let mut app = App::new("web", AppSpec::default());
        let mut before = ready(&app, &Ok(()));
        before.last_transition_time = Time(Timestamp::UNIX_EPOCH);
        app.status = Some(AppStatus {
            conditions: vec![before.clone()],
            ..AppStatus::default()
        });
        assert_eq!(ready(&app, &Ok(())), before);

        let failed = ready(&app, &Err(WorkError::Deploy));
        assert!(failed.last_transition_time > before.last_transition_time);
    }
}
