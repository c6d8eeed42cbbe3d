//! The paths that are answered.
//!
//! A path that no request can have is refused at set-up, where it can be seen.

pub(super) const METRICS: &str = "/metrics";
pub(super) const HEALTH: &str = "/healthz";
pub(super) const READY: &str = "/readyz";

/// Why the metrics cannot have a path.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PathError {
    /// A path begins with a slash.
    #[error("metrics path `{path}` does not begin with a slash")]
    #[non_exhaustive]
    NoSlash {
        /// The path asked for.
        path: String,
    },
    /// A character that no path of a request has as it is, or that would begin its query.
    #[error("metrics path `{}` has a character `{}` that a path cannot have", path.escape_debug(), character.escape_debug())]
    #[non_exhaustive]
    Character {
        /// The path asked for.
        path: String,
        /// The first such character.
        character: char,
    },
    /// `/healthz` and `/readyz` answer to probes.
    #[error("metrics path `{path}` is that of a probe")]
    #[non_exhaustive]
    Probe {
        /// The path asked for.
        path: String,
    },
}

/// Whether the kubelet asks for it, which has nothing to show for itself.
pub(super) fn is_probe(path: &str) -> bool {
    [HEALTH, READY].contains(&path)
}

pub(super) fn checked(path: String) -> Result<String, PathError> {
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
