//! All objects, and what each request does to them.
//!
//! Whatever changes an object gives it a new version and an event.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::answer::Refusal;
use super::history::History;
use super::objects::{condemned, created, is_condemned, is_held, updated};
use super::request::{Change, Part, Place};

#[derive(Debug, Default)]
pub(crate) struct State {
    /// The version of the last change.
    pub(super) version: u64,
    pub(super) kinds: BTreeMap<String, Kind>,
    /// The scopes whose requests are answered with 403.
    pub(super) forbidden: BTreeSet<String>,
    /// Whether the next event is kept from everybody.
    pub(super) losing: bool,
    /// Counts how often all connections were cut.
    pub(super) cuts: u64,
}

/// The objects of one kind, by namespace and name.
#[derive(Debug, Default)]
pub(crate) struct Kind {
    objects: BTreeMap<(String, String), Value>,
    pub(super) history: History,
}

impl State {
    pub(crate) fn permits(&self, place: &Place) -> Result<(), Refusal> {
        if self.forbidden.contains(&place.scope) {
            return Err(Refusal::forbidden(&place.scope));
        }
        Ok(())
    }

    /// Tells connections of now from those of after the next cut.
    pub(crate) fn connection(&self) -> u64 {
        self.cuts
    }

    pub(crate) fn list(&self, place: &Place) -> Value {
        let objects = self.kinds.get(&place.collection);
        let objects = objects.into_iter().flat_map(|kind| &kind.objects);
        let within = |(namespace, _): &(String, String)| {
            place.namespace.as_ref().is_none_or(|n| n == namespace)
        };
        let items: Vec<&Value> = objects
            .filter_map(|(key, object)| within(key).then_some(object))
            .collect();
        json!({
            "apiVersion": "v1",
            "kind": "List",
            "metadata": { "resourceVersion": self.version.to_string() },
            "items": items,
        })
    }

    pub(crate) fn get(&self, place: &Place) -> Result<Value, Refusal> {
        let kind = self.kinds.get(&place.collection);
        let object = kind.and_then(|kind| kind.objects.get(&key(place)));
        object
            .cloned()
            .ok_or_else(|| Refusal::not_found(&place.name))
    }

    pub(crate) fn create(&mut self, place: &Place, object: Value) -> Result<Value, Refusal> {
        let uid = format!("uid-{}", self.version);
        let object = created(object, place, &uid)?;
        let name = object["metadata"]["name"].as_str().unwrap_or_default();
        let place = Place {
            collection: place.collection.clone(),
            scope: place.scope.clone(),
            namespace: place.namespace.clone(),
            name: name.to_owned(),
        };
        if place.name.is_empty() {
            return Err(Refusal::bad_request("an object needs a name"));
        }
        if self.get(&place).is_ok() {
            return Err(Refusal::already_exists(&place.name));
        }
        Ok(self.store(&place, "ADDED", object))
    }

    pub(crate) fn update(
        &mut self,
        place: &Place,
        part: Part,
        change: Change,
    ) -> Result<Value, Refusal> {
        let old = match (self.get(place), change) {
            (Err(_), Change::Apply(object)) if part == Part::AllButStatus => {
                return self.create(place, object);
            }
            (old, change) => (old?, change),
        };
        let (old, change) = old;
        let new = updated(&old, part, change)?;
        if new == old {
            return Ok(old);
        }
        let over = is_condemned(&new) && !is_held(&new);
        Ok(self.store(place, if over { "DELETED" } else { "MODIFIED" }, new))
    }

    pub(crate) fn delete(&mut self, place: &Place) -> Result<Value, Refusal> {
        let old = self.get(place)?;
        if !is_held(&old) {
            return Ok(self.store(place, "DELETED", old));
        }
        let new = condemned(&old);
        if new == old {
            return Ok(old);
        }
        Ok(self.store(place, "MODIFIED", new))
    }

    fn store(&mut self, place: &Place, event: &str, mut object: Value) -> Value {
        self.version += 1;
        object["metadata"]["resourceVersion"] = json!(self.version.to_string());
        let kind = self.kinds.entry(place.collection.clone()).or_default();
        let key = key(place);
        if !std::mem::take(&mut self.losing) {
            kind.history.add(event, self.version, &key.0, &object);
        }
        if event == "DELETED" {
            kind.objects.remove(&key);
        } else {
            kind.objects.insert(key, object.clone());
        }
        object
    }
}

fn key(place: &Place) -> (String, String) {
    let namespace = place.namespace.clone();
    (namespace.unwrap_or_default(), place.name.clone())
}
