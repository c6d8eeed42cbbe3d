//! Writes scrapes as Prometheus would have stored them: with the target's labels and the time.
//!
//! Without HELP and TYPE, which blocks do not keep; so the samples of a family need not stand together.

use std::io::{self, Write};
use std::time::Duration;

/// Where a `PodMonitor` finds the controller.
const TARGET: [(&str, &str); 7] = [
    ("cluster", "production"),
    ("container", "manager"),
    ("endpoint", "http-prom"),
    ("instance", "10.244.1.17:8080"),
    ("job", "fleet-system/gotk-metrics"),
    ("namespace", "fleet-system"),
    ("pod", "fleet-7d4b9c6f5d-x2x8k"),
];

pub(crate) struct History<W> {
    to: W,
}

impl<W: Write> History<W> {
    pub(crate) fn new(to: W) -> Self {
        Self { to }
    }

    /// All samples of a scrape, and what Prometheus says of the scrape.
    pub(crate) fn up(&mut self, at: Duration, took: Duration, text: &str) -> io::Result<()> {
        let mut samples: u32 = 0;
        for line in text.lines().filter(|line| !line.starts_with('#')) {
            // The last space: there may be some in labels.
            let (series, value) = line.rsplit_once(' ').unwrap_or((line, "NaN"));
            let (name, labels) = series.split_once('{').unwrap_or((series, "}"));
            self.sample(name, labels.strip_suffix('}').unwrap_or(labels), value, at)?;
            samples += 1;
        }
        self.scrape("up", 1.0, at)?;
        self.scrape("scrape_duration_seconds", took.as_secs_f64(), at)?;
        self.scrape("scrape_samples_scraped", f64::from(samples), at)
    }

    /// Nobody answered.
    pub(crate) fn down(&mut self, at: Duration) -> io::Result<()> {
        self.scrape("up", 0.0, at)
    }

    pub(crate) fn end(mut self) -> io::Result<()> {
        writeln!(self.to, "# EOF")?;
        self.to.flush()
    }

    fn scrape(&mut self, name: &str, value: f64, at: Duration) -> io::Result<()> {
        self.sample(name, "", &value.to_string(), at)
    }

    /// A label of the sample that the target has too is renamed, and what begins with `gotk_` is
    /// then in the object's namespace: the scrape configuration of `deploy/`.
    fn sample(&mut self, name: &str, labels: &str, value: &str, at: Duration) -> io::Result<()> {
        let own = |label: &&str| {
            let namespace = label.starts_with("namespace=");
            namespace || label.starts_with("exported_namespace=")
        };
        let own = split(labels)
            .find(own)
            .filter(|_| name.starts_with("gotk_"));
        let own = own.and_then(|label| label.split_once('='));
        write!(self.to, "{name}{{")?;
        for (number, (key, text)) in TARGET.into_iter().enumerate() {
            let comma = if number > 0 { "," } else { "" };
            match own {
                Some((_, own)) if key == "namespace" => write!(self.to, "{comma}{key}={own}")?,
                _ => write!(self.to, "{comma}{key}=\"{text}\"")?,
            }
        }
        for label in split(labels) {
            let exported = if label.starts_with("namespace=") {
                "exported_"
            } else {
                ""
            };
            write!(self.to, ",{exported}{label}")?;
        }
        writeln!(self.to, "}} {value} {:.3}", at.as_secs_f64())
    }
}

/// No value here has a comma or a quote in it: all of them are the simulation's own.
fn split(labels: &str) -> impl Iterator<Item = &str> {
    labels.split(',').filter(|label| !label.is_empty())
}
