//! The files of the kit, and the alerts in a rule file.
//!
//! Reads lines and not YAML: a rule file of this project has a key per line, and texts of one line, or of `|-`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::{fs, io};

#[derive(Debug, Default)]
pub(crate) struct Alert {
    pub(crate) name: String,
    pub(crate) expression: String,
    pub(crate) severity: String,
    pub(crate) annotations: BTreeMap<String, String>,
}

pub(crate) fn alerts(file: &str) -> Vec<Alert> {
    let mut alerts: Vec<Alert> = Vec::new();
    let mut is_annotation = false;
    let mut lines = file.lines().peekable();
    while let Some(line) = lines.next() {
        let Some((key, value)) = line.trim_start().trim_start_matches("- ").split_once(':') else {
            continue;
        };
        let value = value.trim().trim_matches('\'');
        if key == "alert" {
            alerts.push(Alert {
                name: value.to_owned(),
                ..Alert::default()
            });
        }
        let Some(alert) = alerts.last_mut() else {
            continue;
        };
        match key {
            "expr" if value == "|-" => {
                // It is over where a line is as little indented as its key.
                let indent = line.len() - line.trim_start().len();
                let belongs = |line: &&str| line.len() - line.trim_start().len() > indent;
                while let Some(line) = lines.next_if(belongs) {
                    alert.expression.push_str(line.trim());
                    alert.expression.push('\n');
                }
            }
            "expr" => value.clone_into(&mut alert.expression),
            "labels" | "annotations" => is_annotation = key == "annotations",
            "severity" => value.clone_into(&mut alert.severity),
            "summary" | "description" | "runbook" if is_annotation => {
                alert.annotations.insert(key.to_owned(), value.to_owned());
            }
            _ => {}
        }
    }
    alerts
}

pub(crate) fn path(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}

/// The files under a folder whose names end so, by path. A folder that is not there has none.
pub(crate) fn files(folder: &Path, end: &str) -> Vec<(PathBuf, String)> {
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Vec::new(),
        entries => entries.unwrap(),
    };
    let mut found = Vec::new();
    for entry in entries {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path, end));
        } else if path.to_str().unwrap().ends_with(end) {
            let text = fs::read_to_string(&path).unwrap();
            found.push((path, text));
        }
    }
    found.sort();
    found
}

pub(crate) fn all_alerts() -> Vec<Alert> {
    let files = files(&path("deploy/rules"), ".yml");
    let alerts: Vec<_> = files.iter().flat_map(|(_, text)| alerts(text)).collect();
    assert!(alerts.len() > 15, "{alerts:?}");
    alerts
}

pub(crate) fn runbook() -> String {
    fs::read_to_string(path("docs/runbook.md")).unwrap()
}
