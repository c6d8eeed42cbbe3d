"""Runs `fleet` and Prometheus on loopback; compares what Prometheus stored with the fleet's truth.

Started by `e2e-prometheus`, which finds the programs. Prints a line per check; exit code 1 if one fails.
"""

import contextlib
import json
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter, defaultdict
from pathlib import Path

import exposition
from checks import SHOWN, arguments, run_checks
from processes import running, wait_until
from prometheus import ALERT, Prometheus, as_object, fetch

POD = "fleet-0"
SPEED = 20
STOP_AFTER = 15  # seconds
RUN_LIMIT = 80  # seconds for everything

# What Prometheus 2.42 and 3.5 send.
ACCEPT = {
    "2": "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,"
    "text/plain;version=0.0.4;q=0.5,*/*;q=0.1",
    "3": "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,"
    "application/openmetrics-text;version=0.0.1;q=0.5,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,"
    "text/plain;version=0.0.4;q=0.3,*/*;q=0.2",
}

TEXT = "text/plain; version=0.0.4; charset=utf-8"
OPENMETRICS = "application/openmetrics-text; version="


def samples(text):
    return sum(1 for line in text.splitlines() if line and not line.startswith("#"))


def check_scraping(checks, prometheus, frozen_at):
    scrapes = prometheus.scrapes(POD)
    failed = [at for at, up in scrapes if up != 1]
    checks.that(f"up at each of {len(scrapes)} scrapes", scrapes and not failed, f"down at {failed}")
    checks.equal("min_over_time(up)", prometheus.value('min_over_time(up{job="fleet"}[10m])'), 1.0)
    took = scrapes[-1][0] - scrapes[0][0]
    # A busy machine may lose one now and then.
    enough = len(scrapes) >= 7 and 0.8 * took <= len(scrapes) <= took + 2
    checks.that(f"a scrape a second: {len(scrapes)} in {took:.1f} s", enough)
    before = sum(1 for at, _ in scrapes if at < frozen_at)
    checks.that(f"{before} scrapes while the fleet was at work", before >= 5)

    during = {"path": "query_range", "start": scrapes[0][0], "end": scrapes[-1][0], "step": 1}
    ready = 'sum by (kind, namespace, name) (gotk_reconcile_condition{type="Ready"})'
    torn = prometheus.query(f"{ready} != 1", **during)
    checks.that("one state of Ready each, at each scrape", not torn, [as_object(one["metric"]) for one in torn[:SHOWN]])
    resets = "sum(resets(controller_runtime_reconcile_total[10m]))"
    checks.equal("resets of the counter of attempts", prometheus.value(resets), 0.0)


def check_exposition(checks, prometheus, url, promtool):
    status, headers, text = fetch(url)
    checks.equal("status", status, 200)
    checks.equal("Content-Type", headers["Content-Type"], TEXT)
    checks.equal("scrape_samples_scraped", prometheus.value("scrape_samples_scraped"), float(samples(text)))
    for version, accept in ACCEPT.items():
        status, headers, again = fetch(url, {"Accept": accept, "Accept-Encoding": "gzip"})
        known = headers["Content-Type"].startswith(("text/plain; version=0.0.4", OPENMETRICS))
        same = (status, known, samples(again)) == (200, True, samples(text))
        detail = f"status {status}, {headers['Content-Type']}, {samples(again)} samples"
        checks.that(f"scraped as Prometheus {version} asks", same, detail)
    exposition.check(checks, text, promtool)


def check_openmetrics(checks, stack, options, folder):
    """Another fleet, for a moment: the first one answers everybody in text."""
    log = folder / "openmetrics.log"
    command = [options.fleet, "--speed", str(SPEED), "--listen", "127.0.0.1:0", "--openmetrics", "--stop-after", "2"]
    fleet = stack.enter_context(running(command, log))
    printed = lambda: re.match(r"(http://[0-9.:]+/metrics)\n", log.read_text())
    address = wait_until("the other fleet prints its address", printed, 10, fleet)
    time.sleep(2)
    for version, accept in ACCEPT.items():
        _, headers, text = fetch(address[1], {"Accept": accept})
        checks.that(f"OpenMetrics for Prometheus {version}", headers["Content-Type"].startswith(OPENMETRICS), headers)
        exposition.check(checks, text, options.promtool)


def check_objects(checks, prometheus, truth):
    objects = {as_object(one): one for one in truth["objects"]}
    gauge = "gotk_reconcile_condition"

    alive = {key for key, one in objects.items() if not one["deleted"]}
    failing = {key for key in alive if objects[key]["ready"] == "False"}
    checks.equal("the alert fires for the failing objects and no other", prometheus.objects(ALERT), failing)

    expected = {key: objects[key]["ready"] for key in alive if objects[key]["ready"]}
    deleted = {key: "Deleted" for key, one in objects.items() if one["deleted"]}
    states = prometheus.query(f'{gauge}{{type="Ready"}} == 1')
    actual = {as_object(one["metric"]): one["metric"]["status"] for one in states}
    checks.equal("Ready of each object", actual, expected | deleted)
    for state in ("True", "False", "Unknown", "Deleted"):
        count = Counter((expected | deleted).values())[state]
        # A sum of nothing is no series.
        sum_of = f'sum({gauge}{{type="Ready",status="{state}"}}) or vector(0)'
        checks.equal(f"objects with Ready {state}", prometheus.value(sum_of), float(count))

    suspended = {key for key, one in objects.items() if one["suspended"]}
    checks.equal("suspended objects", prometheus.objects("gotk_suspend_status == 1"), suspended)
    checks.equal("suspended, as a sum", prometheus.value("sum(gotk_suspend_status)"), float(len(suspended)))
    counts = prometheus.query("gotk_reconcile_duration_seconds_count")
    actual = {as_object(one["metric"]): int(one["value"][1]) for one in counts}
    expected = {key: one["durations"] for key, one in objects.items() if one["durations"]}
    checks.equal("durations of each object", actual, expected)
    checks.equal("objects known at all", prometheus.objects("gotk_suspend_status"), set(objects))


def check_variety(checks, truth):
    """Otherwise the above would pass without telling anything apart."""
    objects = {as_object(one): one for one in truth["objects"]}
    namesakes = defaultdict(set)
    for (kind, _, name), one in objects.items():
        namesakes[kind, name].add("Deleted" if one["deleted"] else one["ready"])
    pairs = sum(1 for states in namesakes.values() if {"True", "False"} <= states)
    checks.that(f"{pairs} names that fail in one namespace and not in another", pairs)
    alive = [one for one in objects.values() if not one["deleted"]]
    failing = sum(one["ready"] == "False" for one in alive)
    new = sum(one["ready"] is None for one in alive)
    suspended = sum(one["suspended"] for one in objects.values())
    seen = (failing, len(objects) - len(alive), suspended, new)
    checks.that("the truth has failing %d, deleted %d, suspended %d, not yet reconciled %d" % seen, all(seen))


def check_attempts(checks, prometheus, truth):
    results, errors, panics, cancels = {}, {}, {}, {}
    ends = Counter()
    for kind, attempts in truth["attempts"].items():
        controller = kind.lower()
        ends.update(attempts)
        count = Counter(attempts)
        panics[controller] = count["Panicked"]
        cancels[controller] = count["Cancelled"]
        # A panic is an error too.
        errors[controller] = count["Failed"] + count["Panicked"]
        results[controller, "error"] = errors[controller]
        results[controller, "success"] = count["Success"]
        results[controller, "requeue"] = count["Requeue"]
        results[controller, "requeue_after"] = count["RequeueAfter"]

    def counters(name, *labels):
        found = {}
        for one in prometheus.query(name):
            key = tuple(one["metric"][label] for label in labels)
            found[key if len(key) > 1 else key[0]] = int(one["value"][1])
        return found

    total = "controller_runtime_reconcile_total"
    checks.equal("attempts by result", counters(total, "controller", "result"), results)
    checks.equal("errors", counters("controller_runtime_reconcile_errors_total", "controller"), errors)
    checks.equal("panics", counters("controller_runtime_reconcile_panics_total", "controller"), panics)
    checks.equal("cancels", counters("gotkmetrics_attempts_cancelled_total", "controller"), cancels)
    checks.equal("nothing refused", prometheus.value("sum(gotkmetrics_refused_total)"), 0.0)
    missing = [end for end in ("Success", "Requeue", "RequeueAfter", "Failed", "Panicked", "Cancelled") if not ends[end]]
    duration = "gotk_reconcile_duration_seconds"
    mean = f'sum({duration}_sum{{kind="HelmRelease"}}) / sum({duration}_count{{kind="HelmRelease"}})'
    seconds = prometheus.value(mean)
    # Real ones would be twenty times less: the recorder's clock runs with the simulation.
    checks.that(f"mean duration of a HelmRelease is {seconds:.1f} simulated seconds", 4 < seconds < 20)
    checks.that(f"attempts ended in every way, {sum(ends.values())} in all", not missing, f"none {missing}")


def run(checks, stack, options):
    folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="e2e-prometheus-")))
    truth_file, log = folder / "truth.json", folder / "fleet.log"
    # First: the fleet's time runs out however long a busy machine takes to start this.
    prometheus = Prometheus(stack, options.prometheus, folder, "fleet")

    command = [options.fleet, "--speed", str(SPEED), "--listen", "127.0.0.1:0", "--seed", str(options.seed)]
    command += ["--stop-after", str(STOP_AFTER), "--truth", str(truth_file)]
    fleet = stack.enter_context(running(command, log))
    printed = lambda: re.match(r"http://([0-9.:]+)/metrics\n", log.read_text())
    address = wait_until("fleet prints its address", printed, 10, fleet)
    prometheus.scrape({POD: address[1]})

    wait_until("fleet is frozen", truth_file.exists, STOP_AFTER + 15, fleet)
    frozen_at = time.time()
    settled = lambda: sum(at > frozen_at for at, _ in prometheus.scrapes(POD)) >= 2
    wait_until("two scrapes of the frozen fleet", settled, 15, prometheus.process)
    truth = json.loads(truth_file.read_text())
    print(truth["summary"])

    check_scraping(checks, prometheus, frozen_at)
    check_exposition(checks, prometheus, address[0].strip(), options.promtool)
    check_openmetrics(checks, stack, options, folder)
    check_objects(checks, prometheus, truth)
    check_variety(checks, truth)
    check_attempts(checks, prometheus, truth)

    fleet.send_signal(signal.SIGINT)
    with contextlib.suppress(subprocess.TimeoutExpired):
        fleet.wait(12)
    checks.equal("exit code of fleet after an interrupt", fleet.returncode, 0)


def main():
    parser = arguments(__doc__, "fleet", "prometheus", "promtool")
    parser.add_argument("--seed", type=int, default=0)
    return run_checks(run, RUN_LIMIT, parser.parse_args())


if __name__ == "__main__":
    sys.exit(main())
