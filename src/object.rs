//! Which object a series belongs to.
//!
//! Identity, order and hash are on the raw values after capping, never on escaped text.

use std::borrow::Cow;

/// Longest kind in bytes: Kubernetes takes kinds as lower-cased DNS labels.
const MAX_KIND: usize = 63;
/// Longest name and namespace in bytes: a DNS subdomain.
pub(crate) const MAX_NAME: usize = 253;

/// The kind, name and namespace of a Kubernetes object: the labels of its series.
///
/// The group is left out, as Flux does: objects of one kind and name in two groups share their
/// series. Values may be any string. They are capped at 63 bytes (kind) or 253 bytes (name,
/// namespace) when they are recorded, the limits of Kubernetes itself; ids that are equal after
/// that are one object.
///
/// Building one from borrowed strings allocates nothing, so there is no need to keep it.
///
/// # Examples
///
/// ```
/// use gotk_metrics::ObjectId;
///
/// let apps = ObjectId::new("Kustomization", "apps").within("flux-system");
/// assert_eq!(apps.namespace(), "flux-system");
///
/// let cluster_scoped = ObjectId::new("ClusterPolicy", String::from("restricted"));
/// assert_eq!(cluster_scoped.namespace(), "");
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ObjectId<'a> {
    kind: Cow<'a, str>,
    name: Cow<'a, str>,
    namespace: Cow<'a, str>,
}

impl<'a> ObjectId<'a> {
    /// A cluster-scoped object; `kind` is the CamelCase kind.
    pub fn new(kind: impl Into<Cow<'a, str>>, name: impl Into<Cow<'a, str>>) -> Self {
        Self {
            kind: kind.into(),
            name: name.into(),
            namespace: Cow::Borrowed(""),
        }
    }

    /// The same object in `namespace`; an empty one means cluster-scoped.
    #[must_use]
    pub fn within(mut self, namespace: impl Into<Cow<'a, str>>) -> Self {
        self.namespace = namespace.into();
        self
    }

    /// The CamelCase kind.
    #[must_use]
    pub fn kind(&self) -> &str {
        &self.kind
    }

    /// The name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The namespace, empty for a cluster-scoped object.
    #[must_use]
    pub fn namespace(&self) -> &str {
        &self.namespace
    }

    /// The same id, owning its strings.
    #[must_use]
    pub fn into_owned(self) -> ObjectId<'static> {
        ObjectId {
            kind: Cow::Owned(self.kind.into_owned()),
            name: Cow::Owned(self.name.into_owned()),
            namespace: Cow::Owned(self.namespace.into_owned()),
        }
    }

    pub(crate) fn key(&self) -> Key<'_> {
        Key {
            kind: capped_kind(&self.kind),
            name: cap(&self.name, MAX_NAME),
            namespace: cap(&self.namespace, MAX_NAME),
        }
    }
}

/// Something that names a Kubernetes object, such as an [`ObjectId`].
///
/// With feature `kube`, `kube::object_id` returns the id of an object.
///
/// # Examples
///
/// ```
/// use gotk_metrics::{ObjectId, ToObjectId};
///
/// struct Job { queue: String, id: u64 }
///
/// impl ToObjectId for Job {
///     fn to_object_id(&self) -> ObjectId<'_> {
///         ObjectId::new("Job", self.id.to_string()).within(&self.queue)
///     }
/// }
///
/// let job = Job { queue: "mail".into(), id: 7 };
/// assert_eq!(job.to_object_id().name(), "7");
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not name a Kubernetes object",
    label = "not an `ObjectId`",
    note = "pass `&ObjectId::new(kind, name).within(namespace)`",
    note = "for an object of kube-rs pass `&kube::object_id(&*object)`, with feature `kube`"
)]
pub trait ToObjectId {
    /// The id, borrowed from `self` where that is possible.
    fn to_object_id(&self) -> ObjectId<'_>;
}

impl ToObjectId for ObjectId<'_> {
    fn to_object_id(&self) -> ObjectId<'_> {
        ObjectId {
            kind: Cow::Borrowed(&self.kind),
            name: Cow::Borrowed(&self.name),
            namespace: Cow::Borrowed(&self.namespace),
        }
    }
}

/// A capped id. Its order is that of the exposition.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Key<'a> {
    pub(crate) kind: &'a str,
    pub(crate) name: &'a str,
    pub(crate) namespace: &'a str,
}

impl Key<'_> {
    pub(crate) fn to_owned(self) -> ObjectId<'static> {
        ObjectId::new(self.kind, self.name)
            .within(self.namespace)
            .into_owned()
    }

    /// Appends `kind="…",name="…",namespace="…"`, escaped.
    pub(crate) fn write_labels(self, out: &mut String) {
        out.push_str("kind=\"");
        escape_label(self.kind, out);
        out.push_str("\",name=\"");
        escape_label(self.name, out);
        out.push_str("\",namespace=\"");
        escape_label(self.namespace, out);
        out.push('"');
    }
}

pub(crate) fn capped_kind(kind: &str) -> &str {
    cap(kind, MAX_KIND)
}

/// The longest start of `value` that has at most `max` bytes and ends between two characters.
pub(crate) fn cap(value: &str, max: usize) -> &str {
    // As all names of Kubernetes are.
    if value.len() <= max {
        return value;
    }
    let mut end = max;
    while !value.is_char_boundary(end) {
        end -= 1;
    }
    value.get(..end).unwrap_or_default()
}

/// Appends a label value as both formats want it: `\\`, `\"` and `\n` escaped, nothing else.
pub(crate) fn escape_label(value: &str, out: &mut String) {
    let mut rest = value;
    while let Some((plain, special, after)) = split_at_special(rest) {
        out.push_str(plain);
        out.push_str(match special {
            b'"' => "\\\"",
            b'\\' => "\\\\",
            _ => "\\n",
        });
        rest = after;
    }
    out.push_str(rest);
}

fn split_at_special(value: &str) -> Option<(&str, u8, &str)> {
    let at = value
        .bytes()
        .position(|byte| matches!(byte, b'"' | b'\\' | b'\n'))?;
    // All three are ASCII, so both sides are whole characters.
    let special = *value.as_bytes().get(at)?;
    Some((value.get(..at)?, special, value.get(at + 1..)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_capped_between_characters() {
        assert_eq!(cap("abc", 3), "abc");
        assert_eq!(cap("abcd", 3), "abc");
        assert_eq!(cap("abé", 3), "ab");
        assert_eq!(cap("😀", 3), "");
    }

    #[test]
    fn only_three_characters_are_escaped() {
        let mut out = String::new();
        escape_label("a\"b\\c\nd\te\0f\u{202e}😀", &mut out);
        assert_eq!(out, "a\\\"b\\\\c\\nd\te\0f\u{202e}😀");
    }
}
