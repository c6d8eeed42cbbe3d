//! The paths that are served.
//!
//! A path that no request can have is rejected at set-up.

pub(crate) const METRICS: &str = "/metrics";
pub(crate) const HEALTH: &str = "/healthz";
pub(crate) const READY: &str = "/readyz";

/// Why a path cannot be served.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PathError {
    /// A path begins with a slash.
    #[error("metrics path `{path}` does not begin with a slash")]
    #[non_exhaustive]
    NoSlash {
        /// The rejected path.
        path: String,
    },
    /// The path has a character that a request's path cannot have, or that begins the query.
    #[error("metrics path `{}` has a character `{}` that a path cannot have", path.escape_debug(), character.escape_debug())]
    #[non_exhaustive]
    Character {
        /// The rejected path.
        path: String,
        /// The first such character.
        character: char,
    },
    /// `/healthz` and `/readyz` are the paths of the probes.
    #[error("metrics path `{path}` is that of a probe")]
    #[non_exhaustive]
    Probe {
        /// The rejected path.
        path: String,
    },
}

/// Returns whether the path is that of a probe, which a kubelet requests without credentials.
pub(crate) fn is_probe(path: &str) -> bool {
    [HEALTH, READY].contains(&path)
}

pub(crate) fn checked(path: String) -> Result<String, PathError> {
    if !path.starts_with('/') {
        return Err(PathError::NoSlash { path });
    }
    let allowed = |c: char| c.is_ascii_graphic() && !matches!(c, '?' | '#' | '"' | '<' | '>' | '`');
    if let Some(character) = path.chars().find(|c| !allowed(*c)) {
        return Err(PathError::Character { path, character });
    }
    if is_probe(&path) {
        return Err(PathError::Probe { path });
    }
    Ok(path)
}
