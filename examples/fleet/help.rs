//! What `--help` prints, and nothing else.

pub(crate) const HELP: &str = "\
Simulates Flux's controllers and serves their metrics.

  --objects N           how many objects there are [300]
  --speed F             how many times as fast as real time everything runs [1]
  --listen ADDR         where to serve /metrics; port 0 takes any free one [127.0.0.1:8080]
  --openmetrics         answer in OpenMetrics whoever prefers it, as Prometheus does
  --seed N              other numbers, other fates [0]
  --stop-after SECONDS  freeze everything after so many real seconds, go on serving
  --truth FILE          write what a scrape must show to FILE then, as JSON
  --commands            do what standard input says, a command a line
  --backfill TIME       serve nothing; print what a Prometheus would have stored in TIME, such as
                        1h, as OpenMetrics for `promtool tsdb create-blocks-from openmetrics`
  --until SECONDS       the Unix time at which that ends [three hours ago]
  --help

A command says what objects do from now on, instead of living at random:

  fail KIND NAMESPACE/NAME     each attempt fails
  stall KIND NAMESPACE/NAME    the same, and Stalled is True where the kind tells it
  fix KIND NAMESPACE/NAME      each attempt succeeds
  suspend KIND NAMESPACE/NAME  no attempts, until resume
  resume KIND NAMESPACE/NAME
  delete KIND NAMESPACE/NAME   until fail, stall or fix creates it again

KIND, NAMESPACE and NAME may each be `*`. Each command is answered by how many objects it is for.
";
