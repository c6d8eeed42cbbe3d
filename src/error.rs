//! What can go wrong while a recorder is set up. Nothing can afterwards.

use crate::catalog::Family;

/// Why a recorder could not be built.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum BuildError {
    /// No bound was given, or only `+Inf`, which is implied.
    #[error("no histogram bounds given")]
    NoBounds,
    /// A bound is not a finite number; `+Inf` may only stand last.
    #[error("histogram bound {bound} at position {position} is not finite")]
    #[non_exhaustive]
    BoundNotFinite {
        /// The bound.
        bound: f64,
        /// Its position, counted from 0.
        position: usize,
    },
    /// A bound is not above the one before.
    #[error("histogram bound {bound} at position {position} is not above the one before")]
    #[non_exhaustive]
    BoundsNotIncreasing {
        /// The bound.
        bound: f64,
        /// Its position, counted from 0.
        position: usize,
    },
    /// `max_objects` is 0: nothing could be recorded.
    #[error("max_objects is 0")]
    NoObjects,
}

/// The recorder is a collector of some registry already.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("recorder is already registered in a registry")]
#[expect(
    clippy::exhaustive_structs,
    reason = "complete: there is nothing to add"
)]
pub struct AlreadyRegistered;

/// There is a process-wide recorder already.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the global recorder is already set")]
#[expect(
    clippy::exhaustive_structs,
    reason = "complete: there is nothing to add"
)]
pub struct AlreadySet;

/// Why a registry could not be appended.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AppendError {
    /// One of its metrics failed or panicked when it was encoded.
    #[error("registry cannot be encoded")]
    Encode,
    /// The same registry was appended before.
    #[error("registry is already appended")]
    AlreadyAppended,
    /// It has a family of the recorder, or one whose samples have the name of the recorder's.
    #[error("registry has a family `{name}`, which collides with the recorder's `{}`", family.name())]
    #[non_exhaustive]
    FamilyOfRecorder {
        /// The name in the registry.
        name: String,
        /// The family it collides with.
        family: Family,
    },
    /// It has a family that a registry appended before has, or one whose samples have its name.
    #[error("registry has a family `{name}`, which an appended registry has too")]
    #[non_exhaustive]
    FamilyAppended {
        /// The name of the family.
        name: String,
    },
    /// It has two families of one name, or one that writes samples of another's name.
    #[error("registry has a family `{name}` twice, or its samples are another's")]
    #[non_exhaustive]
    FamilyTwice {
        /// The name of the second.
        name: String,
    },
    /// It holds another recorder as a collector, whose families would be exposed twice.
    #[error("registry has another recorder as a collector")]
    OtherRecorder,
}
