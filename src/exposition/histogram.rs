//! A histogram that is not per object.
//!
//! Written like those of objects, to the digit, but a line at a time: there are few.

use super::Format;
use super::float::{write_count, write_float};
use super::lines::write_header;
use crate::catalog::Family;
use crate::scrapes::{SCRAPE_BOUNDS, Scrapes};

pub(super) fn write_scrape_durations(out: &mut String, scrapes: &Scrapes, format: Format) {
    let family = Family::ScrapeDuration;
    write_header(out, family, format);
    let durations = scrapes.durations();
    let bounds = SCRAPE_BOUNDS.iter().chain([&f64::INFINITY]);
    let mut cumulative = 0;
    for (bound, count) in bounds.zip(durations.counts) {
        cumulative += count;
        out.push_str(family.name());
        out.push_str("_bucket{le=\"");
        write_float(out, *bound, format);
        out.push_str("\"} ");
        write_count(out, cumulative, format);
        out.push('\n');
    }
    out.push_str(family.name());
    out.push_str("_sum ");
    write_float(out, durations.sum, format);
    out.push('\n');
    out.push_str(family.name());
    out.push_str("_count ");
    write_count(out, cumulative, format);
    out.push('\n');
}
