//! The statements of a script, and what each does to the recorder.
//!
//! A bad line changes nothing: all its fields are read before the recorder hears of them.

use gotk_metrics::Recorder;
use gotk_metrics::{ConditionStatus, ConditionType, Format, ManualClock, ObjectId};

use crate::fields::{Fields, seconds};

/// Runs one line and returns what it wants printed; a bad one says which field is wrong.
pub(crate) fn run(
    recorder: &Recorder,
    clock: &ManualClock,
    line: &[u8],
) -> Result<Option<Format>, String> {
    if line.is_empty() || line.starts_with(b"#") {
        return Ok(None);
    }
    let mut fields = Fields::of(line);
    match fields.text("STATEMENT")?.as_str() {
        "condition" => {
            let id = object(&mut fields)?;
            let condition = ConditionType::new(fields.text("TYPE")?);
            // As in Flux, what is neither True nor False is Unknown.
            let status = ConditionStatus::from(&*fields.text("STATUS")?);
            fields.end()?;
            recorder.record_condition(&id, &condition, status);
        }
        "suspend" => {
            let id = object(&mut fields)?;
            let suspended = fields.parse("SUSPENDED", suspended)?;
            fields.end()?;
            recorder.record_suspend(&id, suspended);
        }
        "duration" => {
            let id = object(&mut fields)?;
            let duration = fields.parse("SECONDS", seconds)?;
            fields.end()?;
            recorder.record_duration(&id, duration);
        }
        "deleted" => {
            let id = object(&mut fields)?;
            fields.end()?;
            recorder.record_deleted(&id);
        }
        "forget" => {
            let id = object(&mut fields)?;
            fields.end()?;
            recorder.forget(&id);
        }
        "advance" => {
            let step = fields.parse("SECONDS", seconds)?;
            fields.end()?;
            clock.advance(step);
        }
        "clear" => {
            fields.end()?;
            recorder.clear();
        }
        "print" => {
            let format = fields.parse("FORMAT", format)?;
            fields.end()?;
            return Ok(Some(format));
        }
        other => return Err(format!("field STATEMENT: {other:?} is not a statement")),
    }
    Ok(None)
}

fn object(fields: &mut Fields<'_>) -> Result<ObjectId<'static>, String> {
    let id = ObjectId::new(fields.text("KIND")?, fields.text("NAME")?);
    Ok(id.within(fields.text("NAMESPACE")?))
}

fn suspended(field: &str) -> Result<bool, String> {
    let suspended = field.parse();
    suspended.map_err(|_| format!("{field:?} is neither true nor false"))
}

fn format(field: &str) -> Result<Format, String> {
    match field {
        "text" => Ok(Format::Text),
        "openmetrics" => Ok(Format::OpenMetrics),
        _ => Err(format!("{field:?} is neither text nor openmetrics")),
    }
}
