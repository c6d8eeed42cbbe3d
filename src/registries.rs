//! The registries of prometheus-client that are appended to an exposition.
//!
//! Keeps them apart from each other and from our own families by their names; what they write is
//! the part of the exposition.

mod names;

use prometheus_client::registry::Registry;

pub(crate) use self::names::{Names, Owner, sample_names};

use crate::catalog::Family;
use crate::error::AppendError;
use crate::metric::Counter;
use crate::sync::{Arc, RwLock};

pub(crate) struct Registries {
    own: Names,
    appended: RwLock<Appended>,
    /// How many parts were left out of expositions.
    pub(crate) errors: Counter,
}

struct Appended {
    registries: Vec<Arc<Registry>>,
    /// Our own, and those that each registry had when it was appended.
    names: Names,
}

impl Registries {
    pub(crate) fn new(own: impl Iterator<Item = Family>) -> Self {
        let own = Names::of_recorder(own);
        Self {
            appended: RwLock::new(Appended {
                registries: Vec::new(),
                names: own.clone(),
            }),
            own,
            errors: Counter::default(),
        }
    }

    /// Adds `registry` unless it is there already or a name of its families is taken.
    pub(crate) fn add<'a>(
        &self,
        registry: Arc<Registry>,
        families: impl Iterator<Item = (&'a str, &'a str)>,
    ) -> Result<(), AppendError> {
        let mut appended = self.appended.write();
        let mut registries = appended.registries.iter();
        if registries.any(|known| Arc::ptr_eq(known, &registry)) {
            return Err(AppendError::AlreadyAppended);
        }
        let this = Owner::Registry(appended.registries.len());
        let mut names = appended.names.clone();
        for (name, metric_type) in families {
            if let Err(owner) = names.take(name, metric_type, this) {
                let name = name.to_owned();
                return Err(match owner {
                    Owner::Recorder(family) => AppendError::FamilyOfRecorder { name, family },
                    owner if owner == this => AppendError::FamilyTwice { name },
                    Owner::Registry(_) => AppendError::FamilyAppended { name },
                });
            }
        }
        appended.registries.push(registry);
        appended.names = names;
        Ok(())
    }

    pub(crate) fn all(&self) -> Vec<Arc<Registry>> {
        self.appended.read().registries.clone()
    }

    /// The names that our own families take.
    pub(crate) fn own_names(&self) -> Names {
        self.own.clone()
    }

    /// Returns true once a registry was appended.
    pub(crate) fn any(&self) -> bool {
        !self.appended.read().registries.is_empty()
    }
}
