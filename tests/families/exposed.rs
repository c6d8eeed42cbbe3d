//! What an exposition has of the families, in the order of its lines.

use crate::common::parse::{Sample, samples};

/// Where the families of the fixture have their names from.
const PREFIXES: [&str; 6] = [
    "controller_runtime_",
    "gotk_resource_",
    "leader_election_",
    "process_",
    "rest_client_",
    "workqueue_",
];

/// What stands between one `# HELP` and the next.
#[derive(Debug)]
pub(crate) struct Exposed<'a> {
    pub(crate) name: &'a str,
    pub(crate) help: &'a str,
    pub(crate) family_type: &'a str,
    pub(crate) samples: Vec<Sample>,
}

/// The families of `text` that have one of the names.
#[track_caller]
pub(crate) fn exposed(text: &str) -> Vec<Exposed<'_>> {
    let text = text.trim_end_matches("# EOF\n");
    let families = text.split("# HELP ").skip(1).map(|family| {
        let (head, lines) = family.split_once('\n').unwrap();
        let (name, help) = head.split_once(' ').unwrap();
        let (type_line, lines) = lines.split_once('\n').unwrap();
        let family_type = type_line.strip_prefix(&format!("# TYPE {name} "));
        let family_type = family_type.unwrap_or_else(|| panic!("{type_line} behind {head}"));
        Exposed {
            name,
            help,
            family_type,
            samples: samples(lines),
        }
    });
    let known = |name: &str| PREFIXES.iter().any(|prefix| name.starts_with(prefix));
    families.filter(|family| known(family.name)).collect()
}
