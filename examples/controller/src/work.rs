//! What the controller is for. Yours does something here; this one fails when it is asked to.
//!
//! Knows the spec and nothing of Kubernetes' ways.

use crate::app::App;

#[derive(Debug, thiserror::Error)]
pub(crate) enum WorkError {
    #[error("cannot deploy: spec.fail is set")]
    Deploy,
    #[error("cannot remove: spec.fail is set")]
    Remove,
}

impl WorkError {
    /// The `reason` of the condition.
    pub(crate) fn reason(&self) -> &'static str {
        match self {
            Self::Deploy => "DeployFailed",
            Self::Remove => "RemoveFailed",
        }
    }
}

#[expect(clippy::unused_async, reason = "a real one calls others")]
pub(crate) async fn deploy(app: &App) -> Result<(), WorkError> {
    if app.spec.fail {
        Err(WorkError::Deploy)
    } else {
        Ok(())
    }
}

#[expect(clippy::unused_async, reason = "a real one calls others")]
pub(crate) async fn remove(app: &App) -> Result<(), WorkError> {
    if app.spec.fail {
        Err(WorkError::Remove)
    } else {
        Ok(())
    }
}
