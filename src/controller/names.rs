//! Which controllers there are, and what they are called.
//!
//! A controller is never removed: its counters go on when whoever had its name comes back.

use super::Controller;
use crate::metric::Counter;
use crate::object::{MAX_NAME, cap};
use crate::sync::{Arc, Ordering, RwLock};

/// Most controllers in one process are far below; the bound is against kinds made of user input.
const MAX_CONTROLLERS: usize = 64;

/// The controllers of one recorder.
#[derive(Default)]
pub(crate) struct Controllers {
    table: RwLock<Table>,
    refused: Counter,
}

#[derive(Default)]
struct Table {
    /// Which controller the attempts on a kind belong to. Few, so a scan beats a hash.
    by_kind: Vec<(Box<str>, Arc<Controller>)>,
    /// In the order of their names.
    by_name: Vec<Arc<Controller>>,
    /// Kinds whose controllers were given a name.
    named_kinds: Vec<Box<str>>,
}

impl Controllers {
    /// The controller of `kind`, named like it in lower case and created at need.
    ///
    /// `None` beyond the last one, which is counted.
    pub(crate) fn of_kind(&self, kind: &str) -> Option<Arc<Controller>> {
        {
            let table = self.table.read();
            let known = table.of_kind(kind);
            // Once it is full, nothing changes in it any more. Full of given names, a kind that has
            // one of them is not looked for: that would take every attempt on any other
            // through the lock below.
            if known.is_some() || table.is_full() {
                return self.counted(known);
            }
        }
        let mut table = self.table.write();
        let controller = table.of_kind(kind).or_else(|| table.add_kind(kind));
        self.counted(controller)
    }

    /// A controller for as long as the claim lives: `name`, shared with all who give that name, or
    /// the first of `kind`, `kind-2`, `kind-3` that nobody else has.
    ///
    /// `None` beyond the last one; each attempt counts that.
    pub(crate) fn claim(&self, kind: &str, name: Option<&str>) -> Option<Claim> {
        let mut table = self.table.write();
        let controller = match name {
            Some(name) => {
                table.add_named_kind(kind);
                table.named(cap(name, MAX_NAME))
            }
            None => table.unclaimed(kind),
        };
        let controller = controller?;
        // Relaxed: changed by claims alone, which hold the lock, and their ends.
        controller.claims.fetch_add(1, Ordering::Relaxed);
        Some(Claim(controller))
    }

    /// Whether attempts on objects of `kind` are recorded, or will be.
    pub(crate) fn has_attempts(&self, kind: &str) -> bool {
        let table = self.table.read();
        let is_named = table.named_kinds.iter().any(|of| **of == *kind);
        is_named || table.by_kind.iter().any(|(of, _)| **of == *kind)
    }

    fn counted(&self, found: Option<Arc<Controller>>) -> Option<Arc<Controller>> {
        if found.is_none() {
            self.count_refused();
        }
        found
    }

    /// Counts an attempt that found no place for its controller.
    pub(crate) fn count_refused(&self) {
        self.refused.inc();
    }

    /// All controllers in the order of their names.
    pub(crate) fn sorted(&self) -> Vec<Arc<Controller>> {
        let table = self.table.read();
        table.by_name.clone()
    }

    /// Whether there is any controller yet.
    pub(crate) fn any(&self) -> bool {
        !self.table.read().by_name.is_empty()
    }

    /// How many errors found no place for their category.
    pub(crate) fn refused_categories(&self) -> u64 {
        let table = self.table.read();
        let refused = table.by_name.iter().map(|c| c.categories.refused());
        refused.sum()
    }

    /// How many attempts found no place for their controller.
    pub(crate) fn refused(&self) -> u64 {
        self.refused.get()
    }
}

impl Table {
    fn is_full(&self) -> bool {
        self.by_kind.len() == MAX_CONTROLLERS || self.by_name.len() == MAX_CONTROLLERS
    }

    fn of_kind(&self, kind: &str) -> Option<Arc<Controller>> {
        let found = self.by_kind.iter().find(|(of, _)| **of == *kind);
        found.map(|(_, controller)| Arc::clone(controller))
    }

    /// Two kinds may share a controller: lower case makes them equal, or a user's name does.
    #[cold]
    fn add_kind(&mut self, kind: &str) -> Option<Arc<Controller>> {
        if self.by_kind.len() == MAX_CONTROLLERS {
            return None;
        }
        let controller = self.named(&kind.to_lowercase())?;
        self.by_kind.push((kind.into(), Arc::clone(&controller)));
        Some(controller)
    }

    fn add_named_kind(&mut self, kind: &str) {
        let is_known = self.named_kinds.iter().any(|known| **known == *kind);
        if !is_known && self.named_kinds.len() < MAX_CONTROLLERS {
            self.named_kinds.push(kind.into());
        }
    }

    fn named(&mut self, name: &str) -> Option<Arc<Controller>> {
        match self.by_name.binary_search_by(|c| (*c.name).cmp(name)) {
            Ok(at) => self.by_name.get(at).cloned(),
            Err(_) if self.by_name.len() == MAX_CONTROLLERS => None,
            Err(at) => {
                let controller = Arc::new(Controller::new(name));
                self.by_name.insert(at, Arc::clone(&controller));
                Some(controller)
            }
        }
    }

    fn unclaimed(&mut self, kind: &str) -> Option<Arc<Controller>> {
        let first = self.of_kind(kind).or_else(|| self.add_kind(kind))?;
        if first.is_unclaimed() {
            return Some(first);
        }
        // One of so many numbers is free, or there is no room.
        let mut names = (2..=MAX_CONTROLLERS + 1).map(|number| format!("{}-{number}", first.name));
        names.find_map(|name| match self.named(&name) {
            Some(controller) => controller.is_unclaimed().then_some(Some(controller)),
            None => Some(None),
        })?
    }
}

/// The right to be called by a name, which another claim for the kind does not get meanwhile.
#[derive(Debug)]
pub(crate) struct Claim(Arc<Controller>);

impl Claim {
    pub(crate) fn controller(&self) -> &Arc<Controller> {
        &self.0
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        self.0.claims.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn assert_claim(controllers: &Controllers, kind: &str, name: &str) -> Claim {
        let claim = controllers.claim(kind, None).unwrap();
        assert_eq!(claim.controller().name(), name);
        claim
    }

    #[test]
    fn two_controllers_of_a_kind_have_two_names() {
        let controllers = Controllers::default();
        controllers.of_kind("App");
        let first = assert_claim(&controllers, "App", "app");
        let second = assert_claim(&controllers, "App", "app-2");
        let third = assert_claim(&controllers, "App", "app-3");
        drop(second);
        // Whoever comes back after a while goes on where he was.
        let second = assert_claim(&controllers, "App", "app-2");
        drop((first, second, third));
        drop(assert_claim(&controllers, "App", "app"));
    }

    #[test]
    fn one_name_is_one_controller() {
        let controllers = Controllers::default();
        let [a, b] = ["App", "Job"].map(|kind| controllers.claim(kind, Some("shop")).unwrap());
        assert!(Arc::ptr_eq(a.controller(), b.controller()));
        assert_eq!(controllers.sorted().len(), 1);
    }

    #[test]
    fn names_beyond_the_last_are_refused_and_counted() {
        let controllers = Controllers::default();
        let claims: Vec<_> = (0..65).map(|_| controllers.claim("App", None)).collect();
        assert_eq!(claims.iter().flatten().count(), 64);
        assert!(controllers.claim("App", Some("one-more")).is_none());
        assert!(controllers.of_kind("App").is_some());
        assert_eq!(controllers.refused(), 0);
        assert!(controllers.of_kind("Other").is_none());
        assert!(controllers.of_kind("Other").is_none());
        assert_eq!(controllers.refused(), 2);
    }
}
