//! Any script of `examples/replay`: each line is taken or refused as the grammar says, and each print is the model's.
//!
//! The grammar is read here once more, from the table in `examples/README.md`.

use std::collections::BTreeSet;
use std::time::Duration;

use gotk_metrics::ConditionStatus::{self, False, True, Unknown};
use gotk_metrics::{Family, Format};

use crate::model::{CAPS, Key, Model, TYPE_CAP, capped, modelled};
use crate::{assert_exposes, on_manual_clock, script};

const GRACE: Duration = Duration::from_secs(300);
/// Beside the built-in ones. What is refused beyond has tests of its own.
const TYPES: usize = 13;

enum Statement {
    Nothing,
    Condition(Key, String, ConditionStatus),
    Suspend(Key, bool),
    Duration(Key, Duration),
    Deleted(Key),
    Forget(Key),
    Advance(Duration),
    Clear,
    Print(Format),
}

/// Runs the script until a line is bad, as `replay` does.
///
/// # Panics
///
/// Where a line is taken that is bad or refused that is good, or a print is not the model's.
pub fn replay(data: &[u8]) {
    let builder = modelled().max_objects(usize::MAX).without(Family::Refused);
    let (recorder, clock) = on_manual_clock(builder);
    let mut model = Model::new(GRACE, usize::MAX);
    let mut types = BTreeSet::new();
    for line in data.split(|byte| *byte == b'\n') {
        let read = statement(line);
        if let Some(Statement::Condition(_, condition, _)) = &read {
            types.insert(condition.clone());
            // An empty type is refused too.
            if types.len() > TYPES || condition.is_empty() {
                return;
            }
        }
        let ran = script::run(&recorder, &clock, line);
        let shown = String::from_utf8_lossy(line);
        let Some(statement) = read else {
            assert!(ran.is_err(), "{shown:?} is bad and was taken");
            return;
        };
        let printed = ran.unwrap_or_else(|problem| panic!("{shown:?}: {problem}"));
        match statement {
            Statement::Print(format) => {
                assert_eq!(printed, Some(format), "{shown:?}");
                assert_exposes(&recorder, &model, format);
            }
            other => {
                assert_eq!(printed, None, "{shown:?}");
                apply(&mut model, other);
            }
        }
    }
    assert_exposes(&recorder, &model, Format::Text);
}

fn apply(model: &mut Model, statement: Statement) {
    match statement {
        Statement::Condition(key, condition, status) => model.condition(&key, &condition, status),
        Statement::Suspend(key, suspended) => model.suspend(&key, suspended),
        Statement::Duration(key, duration) => model.duration(&key, duration),
        Statement::Deleted(key) => model.deleted(&key),
        Statement::Forget(key) => model.forget(&key),
        Statement::Advance(step) => model.advance(step),
        Statement::Clear => model.clear(),
        Statement::Nothing | Statement::Print(_) => {}
    }
}

/// None if the line is bad.
fn statement(line: &[u8]) -> Option<Statement> {
    if matches!(line, [] | [b'#', ..]) {
        return Some(Statement::Nothing);
    }
    let fields = line.split(|byte| *byte == b'\t').map(field);
    let fields: Option<Vec<String>> = fields.collect();
    let fields = fields?;
    let fields: Vec<&str> = fields.iter().map(|field| &**field).collect();
    Some(match fields[..] {
        ["condition", kind, name, namespace, condition, status] => {
            let status = match status {
                "True" => True,
                "False" => False,
                _ => Unknown,
            };
            Statement::Condition(
                key([kind, name, namespace]),
                capped(condition, TYPE_CAP),
                status,
            )
        }
        ["suspend", kind, name, namespace, suspended] => {
            let suspended = ["false", "true"]
                .iter()
                .position(|value| *value == suspended)?;
            Statement::Suspend(key([kind, name, namespace]), suspended == 1)
        }
        ["duration", kind, name, namespace, taken] => {
            Statement::Duration(key([kind, name, namespace]), seconds(taken)?)
        }
        ["deleted", kind, name, namespace] => Statement::Deleted(key([kind, name, namespace])),
        ["forget", kind, name, namespace] => Statement::Forget(key([kind, name, namespace])),
        ["advance", step] => Statement::Advance(seconds(step)?),
        ["clear"] => Statement::Clear,
        ["print", "text"] => Statement::Print(Format::Text),
        ["print", "openmetrics"] => Statement::Print(Format::OpenMetrics),
        _ => return None,
    })
}

/// Without its escapes; None if it has others, or is not UTF-8.
fn field(raw: &[u8]) -> Option<String> {
    let raw = std::str::from_utf8(raw).ok()?;
    let mut pieces = raw.split('\\');
    let mut plain = pieces.next().unwrap_or_default().to_owned();
    while let Some(piece) = pieces.next() {
        match piece.chars().next() {
            Some('n') => plain.push('\n'),
            Some('t') => plain.push('\t'),
            // Two of them: what follows the second is plain.
            None => {
                plain.push('\\');
                plain += pieces.next()?;
                continue;
            }
            Some(_) => return None,
        }
        plain += &piece[1..];
    }
    Some(plain)
}

fn key(parts: [&str; 3]) -> Key {
    std::array::from_fn(|part| capped(parts[part], CAPS[part]))
}

fn seconds(field: &str) -> Option<Duration> {
    let mut parts = field.split('.');
    let (whole, decimals) = (parts.next()?, parts.next());
    let decimals = match decimals {
        Some("") => return None,
        decimals => decimals.unwrap_or_default(),
    };
    let all_digits = [whole, decimals]
        .iter()
        .all(|part| part.chars().all(|digit| digit.is_ascii_digit()));
    if parts.next().is_some() || whole.is_empty() || !all_digits || decimals.len() > 9 {
        return None;
    }
    let digits = decimals.chars().chain(['0'; 9]).take(9).collect::<String>();
    Some(Duration::new(whole.parse().ok()?, digits.parse().ok()?))
}
