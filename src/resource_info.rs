//! The labels of `gotk_resource_info`: those of the kind, of the object, and those that a user
//! adds.
//!
//! All but the state is rendered and escaped once, when the object is read. What is added is
//! declared once per kind, so that a label name never comes from an object.

use std::borrow::Cow;

use crate::ConditionStatus;
use crate::object::{Key, ObjectId, cap, escape_label};
use crate::sync::Arc;

/// Longest value of a label that a user adds, in bytes. A URL fits, and Azure's managed Prometheus,
/// which refuses a scrape with a value over 1023, accepts it.
const MAX_VALUE: usize = 512;

/// The labels that every object has, in the order of the wire.
const FIXED: [(&str, Part); 7] = [
    ("customresource_group", Part::Group),
    ("customresource_kind", Part::Kind),
    ("customresource_version", Part::Version),
    ("exported_namespace", Part::Namespace),
    ("name", Part::Name),
    ("ready", Part::Ready),
    ("suspended", Part::Suspended),
];

/// Labels that a scrape adds, which would move ours out of the way: `namespace` onto
/// `exported_namespace`. And what only histograms and summaries may have.
const TAKEN: [&str; 5] = ["instance", "job", "le", "namespace", "quantile"];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    Group,
    Kind,
    Version,
    Namespace,
    Name,
    Ready,
    Suspended,
}

/// Why a label cannot be added to `gotk_resource_info`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
#[cfg_attr(
    not(feature = "kube-any"),
    expect(
        unreachable_pub,
        reason = "labels are declared for stores of kube-rs only"
    )
)]
pub enum InfoLabelError {
    /// It is not a name that a label can have.
    #[error("info label `{name}` is not a label name")]
    #[non_exhaustive]
    Invalid {
        /// The name.
        name: String,
    },
    /// The family, or a scrape, has a label of that name already.
    #[error("info label `{name}` is reserved")]
    #[non_exhaustive]
    Reserved {
        /// The name.
        name: String,
    },
    /// It was named twice.
    #[error("info label `{name}` is named twice")]
    #[non_exhaustive]
    Twice {
        /// The name.
        name: String,
    },
}

/// The names that a user adds, in the order of the wire.
#[derive(Clone, Debug, Default)]
pub(crate) struct InfoLabels(Vec<Cow<'static, str>>);

impl InfoLabels {
    pub(crate) fn new(mut names: Vec<Cow<'static, str>>) -> Result<Self, InfoLabelError> {
        names.sort_unstable();
        let mut before = None;
        for name in &names {
            let owned = || name.clone().into_owned();
            if !is_label_name(name) {
                return Err(InfoLabelError::Invalid { name: owned() });
            }
            if FIXED.iter().any(|(fixed, _)| fixed == name) || TAKEN.contains(&&**name) {
                return Err(InfoLabelError::Reserved { name: owned() });
            }
            if before == Some(name) {
                return Err(InfoLabelError::Twice { name: owned() });
            }
            before = Some(name);
        }
        Ok(Self(names))
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// Two underscores are Prometheus' own.
fn is_label_name(name: &str) -> bool {
    let mut bytes = name.bytes();
    let first = bytes.next();
    first.is_some_and(|byte| byte.is_ascii_alphabetic() || byte == b'_')
        && bytes.all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
        && !name.starts_with("__")
}

/// What all objects of a kind have in common.
#[derive(Debug)]
pub(crate) struct InfoKind {
    pub(crate) group: Box<str>,
    pub(crate) kind: Box<str>,
    pub(crate) version: Box<str>,
    pub(crate) labels: InfoLabels,
}

/// The labels of one object, rendered as far as they do not change with its state.
#[derive(Debug, PartialEq)]
pub(crate) struct Info {
    /// From the brace to the namespace, from there to the name, to ready, to suspended, and the
    /// rest.
    text: Box<str>,
    ends: [usize; 4],
    /// When deletion of the object was requested, in seconds of Unix time.
    pub(crate) deletion_timestamp: Option<i64>,
}

/// An object whose record belongs to an object of the same kind and name in another API group.
///
/// The record has no group, so the two share its series. This family has the group and shows both.
#[derive(Debug)]
pub(crate) struct Guest {
    pub(crate) id: ObjectId<'static>,
    pub(crate) info: Arc<Info>,
    pub(crate) ready: Option<ConditionStatus>,
    pub(crate) suspended: Option<bool>,
}

impl InfoKind {
    /// The labels of an object: `value` says that of each label which was added, None leaves it
    /// out.
    pub(crate) fn info<'a>(
        &self,
        deletion_timestamp: Option<i64>,
        mut value: impl FnMut(&str) -> Option<&'a str>,
    ) -> Info {
        let mut text = String::from("{");
        let mut ends = Vec::new();
        let mut added = self.labels.0.iter().peekable();
        for (name, part) in FIXED {
            while let Some(label) = added.next_if(|label| ***label < *name) {
                push_label(&mut text, label, value(label));
            }
            let open = |text: &mut String| {
                separate(text);
                text.push_str(name);
                text.push_str("=\"");
            };
            match part {
                Part::Group => push_label(&mut text, name, Some(&self.group)),
                Part::Kind => push_label(&mut text, name, Some(&self.kind)),
                Part::Version => push_label(&mut text, name, Some(&self.version)),
                Part::Namespace | Part::Name => {
                    open(&mut text);
                    ends.push(text.len());
                    text.push('"');
                }
                // Some kinds have neither, so they bring their names along.
                Part::Ready | Part::Suspended => ends.push(text.len()),
            }
        }
        for label in added {
            push_label(&mut text, label, value(label));
        }
        text.push_str("} ");
        Info {
            text: text.into(),
            ends: ends.try_into().unwrap_or_default(),
            deletion_timestamp,
        }
    }
}

/// A comma, unless it is the first label.
fn separate(text: &mut String) {
    if !text.ends_with('{') {
        text.push(',');
    }
}

fn push_label(text: &mut String, name: &str, value: Option<&str>) {
    // To Prometheus an empty label is none.
    if let Some(value) = value.filter(|value| !value.is_empty()) {
        separate(text);
        text.push_str(name);
        text.push_str("=\"");
        escape_label(cap(value, MAX_VALUE), text);
        text.push('"');
    }
}

impl Info {
    /// Appends all labels in braces and a space.
    pub(crate) fn write(
        &self,
        out: &mut String,
        key: Key<'_>,
        ready: Option<&str>,
        suspended: Option<bool>,
    ) {
        let [namespace, name, is_ready, is_suspended] = self.ends;
        let part = |from: usize, to: usize| self.text.get(from..to).unwrap_or_default();
        out.push_str(part(0, namespace));
        escape_label(key.namespace, out);
        out.push_str(part(namespace, name));
        escape_label(key.name, out);
        out.push_str(part(name, is_ready));
        if let Some(ready) = ready {
            out.push_str(",ready=\"");
            out.push_str(ready);
            out.push('"');
        }
        out.push_str(part(is_ready, is_suspended));
        match suspended {
            Some(true) => out.push_str(",suspended=\"true\""),
            Some(false) => out.push_str(",suspended=\"false\""),
            None => {}
        }
        out.push_str(part(is_suspended, self.text.len()));
    }

    /// The names and the raw values, for prometheus-client, which escapes them itself.
    pub(crate) fn labels(
        &self,
        key: Key<'_>,
        ready: Option<&str>,
        suspended: Option<bool>,
    ) -> Vec<(String, String)> {
        let mut text = String::new();
        self.write(&mut text, key, ready, suspended);
        let mut labels = Vec::new();
        let mut rest = text.trim_start_matches('{');
        while let Some((name, after)) = rest.split_once("=\"") {
            let (value, after) = unescaped(after);
            labels.push((name.to_owned(), value));
            rest = after.trim_start_matches(',');
        }
        labels
    }
}

/// A value up to its closing quote, and what follows.
fn unescaped(text: &str) -> (String, &str) {
    let mut value = String::new();
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        match c {
            '"' => break,
            '\\' => match chars.next() {
                Some('n') => value.push('\n'),
                escaped => value.extend(escaped),
            },
            c => value.push(c),
        }
    }
    (value, chars.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(names: &[&'static str]) -> Result<InfoLabels, InfoLabelError> {
        InfoLabels::new(names.iter().map(|name| Cow::Borrowed(*name)).collect())
    }

    fn written(names: &[&'static str], suspended: Option<bool>) -> String {
        let kind = InfoKind {
            group: "example.com".into(),
            kind: "App".into(),
            version: "v1".into(),
            labels: labels(names).unwrap(),
        };
        let quoted: Vec<_> = names
            .iter()
            .map(|name| (*name, format!("\"{name}\"")))
            .collect();
        let info = kind.info(None, |name| {
            let (_, value) = quoted.iter().find(|(known, _)| *known == name)?;
            Some(&**value).filter(|_| name != "none")
        });
        let mut out = String::new();
        let key = Key {
            kind: "App",
            name: "a\\",
            namespace: "",
        };
        info.write(&mut out, key, Some("True"), suspended);
        out
    }

    #[test]
    fn labels_are_in_the_order_of_their_names() {
        let expected = "{customresource_group=\"example.com\",customresource_kind=\"App\",\
            customresource_version=\"v1\",exported_namespace=\"\",name=\"a\\\\\",ready=\"True\"} ";
        assert_eq!(written(&[], None), expected);
        let names = ["url", "a", "revision", "d", "none", "f", "o"];
        let expected = "{a=\"\\\"a\\\"\",customresource_group=\"example.com\",customresource_kind=\"App\",\
            customresource_version=\"v1\",d=\"\\\"d\\\"\",exported_namespace=\"\",f=\"\\\"f\\\"\",name=\"a\\\\\",\
            o=\"\\\"o\\\"\",ready=\"True\",revision=\"\\\"revision\\\"\",suspended=\"false\",url=\"\\\"url\\\"\"} ";
        assert_eq!(written(&names, Some(false)), expected);
    }

    #[test]
    fn labels_are_read_back_as_they_were() {
        let kind = InfoKind {
            group: "a\nb".into(),
            kind: "\\".into(),
            version: "".into(),
            labels: labels(&["x"]).unwrap(),
        };
        let info = kind.info(None, |_| Some("=\",{}\\n"));
        let key = Key {
            kind: "",
            name: "\"",
            namespace: "é",
        };
        let expected = [
            ("customresource_group", "a\nb"),
            ("customresource_kind", "\\"),
            ("exported_namespace", "é"),
            ("name", "\""),
            ("ready", "False"),
            ("suspended", "true"),
            ("x", "=\",{}\\n"),
        ];
        let expected = expected.map(|(name, value)| (name.to_owned(), value.to_owned()));
        assert_eq!(info.labels(key, Some("False"), Some(true)), expected);
    }

    #[test]
    fn names_that_cannot_be_are_refused() {
        for name in ["", "1a", "a-b", "é", "__name__", "a b"] {
            let message = format!("info label `{name}` is not a label name");
            assert_eq!(labels(&[name]).unwrap_err().to_string(), message);
        }
        for name in [
            "namespace",
            "job",
            "name",
            "suspended",
            "customresource_kind",
        ] {
            let message = format!("info label `{name}` is reserved");
            assert_eq!(labels(&[name]).unwrap_err().to_string(), message);
        }
        let twice = labels(&["b", "a", "b"]).unwrap_err().to_string();
        assert_eq!(twice, "info label `b` is named twice");
    }
}
