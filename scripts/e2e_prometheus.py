"""Runs `fleet` and Prometheus on loopback; compares what Prometheus stored with the fleet's truth.

Started by `e2e-prometheus`, which finds the programs. Prints a line per check; exit code 1 if one fails.
"""

import argparse
import contextlib
import gzip
import json
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.parse
import urllib.request
from collections import Counter, defaultdict
from pathlib import Path

SPEED = 20
STOP_AFTER = 15  # seconds
RUN_LIMIT = 80  # seconds for everything
SHOWN = 10  # differences printed of each check

# namespace, not exported_namespace: the alert tells objects of one name apart. Objects of cluster scope keep the target's.
CONFIG = """
global: {{ scrape_interval: 1s, scrape_timeout: 1s }}
scrape_configs:
  - job_name: fleet
    file_sd_configs:
      - {{ files: ["{targets}"], refresh_interval: 1s }}
    metric_relabel_configs:
      - source_labels: [__name__, exported_namespace]
        regex: gotk_.*;(.+)
        target_label: namespace
        replacement: $1
"""

# Flux's own alert, to the letter.
ALERT = (
    'max(gotk_reconcile_condition{status="False",type="Ready"}) by (namespace, name, kind)'
    " + on(namespace, name, kind)"
    ' (max(gotk_reconcile_condition{status="Deleted"}) by (namespace, name, kind)) * 2 == 1'
)

# What Prometheus 2.42 and 3.5 send.
ACCEPT = {
    "2": "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,"
    "text/plain;version=0.0.4;q=0.5,*/*;q=0.1",
    "3": "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,"
    "application/openmetrics-text;version=0.0.1;q=0.5,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,"
    "text/plain;version=0.0.4;q=0.3,*/*;q=0.2",
}

TEXT = "text/plain; version=0.0.4; charset=utf-8"


class Broken(Exception):
    """Nothing can be checked from here on."""


class Checks:
    def __init__(self):
        self.passed = self.failed = 0

    def that(self, what, holds, detail=""):
        if holds:
            self.passed += 1
            print(f"OK    {what}")
        else:
            self.failed += 1
            print(f"FAIL  {what}")
            if detail:
                print("      " + str(detail).replace("\n", "\n      "))

    def equal(self, what, actual, expected):
        self.that(f"{what}: {brief(expected)}", actual == expected, difference(actual, expected))


def brief(value):
    return value if isinstance(value, (int, float, str)) else f"{len(value)} of them"


def difference(actual, expected):
    if isinstance(actual, dict) and isinstance(expected, dict):
        actual, expected = set(actual.items()), set(expected.items())
    if not (isinstance(actual, set) and isinstance(expected, set)):
        return f"got {actual}, expected {expected}"
    lines = [f"missing  {one}" for one in sorted(expected - actual, key=str)]
    lines += [f"too many {one}" for one in sorted(actual - expected, key=str)]
    more = [f"and {len(lines) - SHOWN} more"] if len(lines) > SHOWN else []
    return "\n".join(lines[:SHOWN] + more)


def fetch(url, headers=None):
    """Status, headers and body; gzip is undone."""
    request = urllib.request.Request(url, headers=headers or {})
    with urllib.request.urlopen(request, timeout=10) as response:
        body = response.read()
        if response.headers.get("Content-Encoding") == "gzip":
            body = gzip.decompress(body)
        return response.status, response.headers, body.decode()


def samples(text):
    return sum(1 for line in text.splitlines() if line and not line.startswith("#"))


def wait_until(what, condition, seconds, process):
    """What `condition` returns once it is true."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if found := condition():
            return found
        if process.poll() is not None:
            raise Broken(f"{what}: {process.args[0]} ended with exit code {process.returncode}")
        time.sleep(0.1)
    raise Broken(f"{what}: not within {seconds} s")


@contextlib.contextmanager
def running(command, log):
    """A process that is ended on the way out, whatever happens; what it printed goes to `log`."""
    with open(log, "wb") as output:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT)
    try:
        yield process
    except BaseException:
        tail = log.read_text(errors="replace").splitlines()[-15:]
        print(f"--- {command[0]}, its last lines\n" + "\n".join(tail), file=sys.stderr)
        raise
    finally:
        process.terminate()
        try:
            process.wait(5)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


class Prometheus:
    def __init__(self, url):
        self.url = url

    def is_ready(self):
        try:
            return fetch(f"{self.url}/-/ready")[0] == 200
        except OSError:  # not listening yet, or not ready, which is an HTTPError
            return False

    def query(self, expression, path="query", **parameters):
        parameters = urllib.parse.urlencode({"query": expression, **parameters})
        try:
            answer = json.loads(fetch(f"{self.url}/api/v1/{path}?{parameters}")[2])
        except urllib.error.HTTPError as error:
            raise Broken(f"query {expression}: {error.read().decode()}") from error
        return answer["data"]["result"]

    def value(self, expression, default=None):
        """The only value of the expression; `default` if there is none."""
        result = self.query(expression)
        if len(result) > 1 or (not result and default is None):
            raise Broken(f"query {expression}: {len(result)} results")
        return float(result[0]["value"][1]) if result else default

    def objects(self, expression):
        return {as_object(one["metric"]) for one in self.query(expression)}

    def scrapes(self):
        """Time and `up` of each scrape."""
        [series] = self.query('up{job="fleet"}[10m]') or [{"values": []}]
        return [(float(at), float(up)) for at, up in series["values"]]


def as_object(labels):
    return labels["kind"], labels["namespace"], labels["name"]


def start_prometheus(stack, options, folder, targets):
    config = folder / "prometheus.yml"
    config.write_text(CONFIG.format(targets=targets))
    for last in (False, False, True):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            address = "127.0.0.1:%d" % free.getsockname()[1]
        command = [options.prometheus, f"--config.file={config}", f"--storage.tsdb.path={folder / 'data'}"]
        command += [f"--web.listen-address={address}", "--log.level=warn"]
        log = folder / "prometheus.log"
        process = stack.enter_context(running(command, log))
        prometheus = Prometheus(f"http://{address}")
        try:
            wait_until("prometheus is ready", prometheus.is_ready, 30, process)
            return prometheus, process
        except Broken:
            # Between our look and its start, somebody else may have taken the port.
            if last or "address already in use" not in log.read_text(errors="replace"):
                raise
    raise AssertionError("unreachable")


def check_scraping(checks, prometheus, frozen_at):
    scrapes = prometheus.scrapes()
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
        known = headers["Content-Type"].startswith(("text/plain; version=0.0.4", "application/openmetrics-text; version="))
        same = (status, known, samples(again)) == (200, True, samples(text))
        detail = f"status {status}, {headers['Content-Type']}, {samples(again)} samples"
        checks.that(f"scraped as Prometheus {version} asks", same, detail)
    done = subprocess.run([promtool, "check", "metrics"], input=text, text=True, capture_output=True, timeout=20)
    complaint = done.stdout + done.stderr
    checks.that("promtool check metrics", done.returncode == 0 and not complaint.strip(), complaint)


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

    # Otherwise the above would pass without telling anything apart.
    namesakes = defaultdict(set)
    for (kind, _, name), one in objects.items():
        namesakes[kind, name].add("Deleted" if one["deleted"] else one["ready"])
    pairs = sum(1 for states in namesakes.values() if {"True", "False"} <= states)
    checks.that(f"{pairs} names that fail in one namespace and not in another", pairs)
    new = sum(1 for one in objects.values() if one["ready"] is None)
    seen = (len(failing), len(deleted), len(suspended), new)
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


def run(options, stack):
    checks = Checks()
    folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="e2e-prometheus-")))
    truth_file, log, targets = folder / "truth.json", folder / "fleet.log", folder / "targets.json"
    # First: the fleet's time runs out however long a busy machine takes to start this.
    prometheus, process = start_prometheus(stack, options, folder, targets)

    command = [options.fleet, "--speed", str(SPEED), "--listen", "127.0.0.1:0", "--seed", str(options.seed)]
    command += ["--stop-after", str(STOP_AFTER), "--truth", str(truth_file)]
    fleet = stack.enter_context(running(command, log))
    printed = lambda: re.match(r"http://([0-9.:]+)/metrics\n", log.read_text())
    address = wait_until("fleet prints its address", printed, 10, fleet)
    partial = folder / "targets.partial"
    partial.write_text(json.dumps([{"targets": [address[1]], "labels": {"namespace": "controllers", "pod": "fleet-0"}}]))
    partial.rename(targets)

    wait_until("fleet is frozen", truth_file.exists, STOP_AFTER + 15, fleet)
    frozen_at = time.time()
    settled = lambda: sum(at > frozen_at for at, _ in prometheus.scrapes()) >= 2
    wait_until("two scrapes of the frozen fleet", settled, 15, process)
    truth = json.loads(truth_file.read_text())
    print(truth["summary"])

    check_scraping(checks, prometheus, frozen_at)
    check_exposition(checks, prometheus, address[0].strip(), options.promtool)
    check_objects(checks, prometheus, truth)
    check_attempts(checks, prometheus, truth)

    fleet.send_signal(signal.SIGINT)
    with contextlib.suppress(subprocess.TimeoutExpired):
        fleet.wait(12)
    checks.equal("exit code of fleet after an interrupt", fleet.returncode, 0)
    return checks


def stop(number, _frame):
    raise Broken("took too long" if number == signal.SIGALRM else f"signal {number}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    for program in ("fleet", "prometheus", "promtool"):
        parser.add_argument(f"--{program}", required=True)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    # So that the processes are ended, and the run is bounded, whatever happens.
    for number in (signal.SIGALRM, signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
        signal.signal(number, stop)
    signal.alarm(RUN_LIMIT)
    try:
        with contextlib.ExitStack() as stack:
            checks = run(options, stack)
    except Broken as broken:
        print(f"FAIL  {broken}")
        return 1
    print(f"{checks.passed} passed, {checks.failed} failed")
    return 1 if checks.failed else 0


if __name__ == "__main__":
    sys.exit(main())
