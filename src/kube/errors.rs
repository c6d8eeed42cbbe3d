//! The categories of kube's own error types.

use std::error::Error;

use super::deps::kube_runtime::finalizer;
use crate::ErrorCategory;

/// Failures of apply and cleanup have the category of `E`, the others `finalizer`.
impl<E> ErrorCategory for finalizer::Error<E>
where
    E: ErrorCategory + Error + 'static,
{
    fn category(&self) -> &'static str {
        match self {
            Self::ApplyFailed(error) | Self::CleanupFailed(error) => error.category(),
            _ => "finalizer",
        }
    }

    fn categories() -> Vec<&'static str> {
        let mut categories = E::categories();
        categories.push("finalizer");
        categories
    }
}
