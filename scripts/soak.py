"""Runs `fleet` under a real Prometheus for long; nothing may grow, fail or be lost.

Started by `soak`, which finds the programs. Prints a line per check; exit code 1 if one fails.
"""

import json
import re
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

from checks import Broken, arguments, run_checks
from e2e_prometheus import check_attempts, check_objects
from processes import running, wait_until
from prometheus import Prometheus, as_object

POD = "fleet-0"
# As many as two cores take from a Prometheus in a second, with room for what else they do in the short run.
OBJECTS, OBJECTS_SHORT = 20_000, 5_000
SPEED = 100
# Seconds that are judged, after those in which the allocator finds its size: more than a simulated hour.
LONG, SHORT, WARM_UP = 1200, 120, 60
GROWTH = 1.05  # resident memory, last quarter against first

FAMILIES = ("gotk_reconcile_condition", "gotk_suspend_status", "gotk_reconcile_duration_seconds_count")


def resident(process):
    """In MiB."""
    status = Path(f"/proc/{process.pid}/status").read_text()
    return int(re.search(r"^VmRSS:\s+(\d+) kB", status, re.MULTILINE)[1]) / 1024


def watch(fleet, truth_file, seconds):
    """The fleet's memory each second, until it is frozen."""
    seen, end = [], time.monotonic() + seconds + 60
    while not truth_file.exists():
        if fleet.poll() is not None or time.monotonic() > end:
            raise Broken(f"the fleet did not freeze: exit code {fleet.poll()}")
        seen.append(resident(fleet))
        time.sleep(1)
    return seen


def check_memory(checks, seen):
    start, seen = seen[0], seen[WARM_UP:]
    quarter = len(seen) // 4
    first, last = median(seen[:quarter]), median(seen[-quarter:])
    checks.figure(f"resident MiB: start {start:.0f}, first quarter {first:.1f}, last {last:.1f}, most {max(seen):.1f}")
    checks.that(f"memory of the last quarter is {last / first:.3f} of the first's, at most {GROWTH}", last <= GROWTH * first)


def check_scrapes(checks, prometheus, seconds):
    scrapes = prometheus.scrapes(POD, f"{seconds + 120}s")
    if len(scrapes) < 3:
        raise Broken(f"there are {len(scrapes)} scrapes")
    failed = [at for at, up in scrapes if up != 1]
    checks.that(f"no scrape of {len(scrapes)} failed", not failed, f"failed at {failed}")
    took = scrapes[-1][0] - scrapes[0][0]
    # A busy machine may lose one now and then.
    checks.that(f"{len(scrapes)} scrapes in {took:.0f} s", len(scrapes) >= 0.8 * took)
    first, *steps = [after - before for (before, _), (after, _) in zip(scrapes, scrapes[1:])]
    # To Prometheus all series are new in the first.
    gap = f"at most {max(steps):.1f} s between two scrapes, {first:.1f} after the first"
    if seconds > WARM_UP + SHORT:
        checks.that(f"no gap: {gap}", max(steps) < 3 and first < 15)
    else:
        checks.figure(gap)
    took = 'quantile_over_time({}, scrape_duration_seconds{{job="fleet"}}[%ds])' % (seconds + 120)
    half, most = (prometheus.value(took.format(share)) for share in (0.5, 0.99))
    checks.figure(f"a scrape of {prometheus.value('scrape_samples_scraped'):.0f} samples took {half:.3f} s, p99 {most:.3f} s")


def check_deleted(checks, prometheus, truth, objects):
    shown = {as_object(one) for one in truth["objects"]}
    series = sum(len(prometheus.objects(family) - shown) for family in FAMILIES)
    checks.equal("series of objects whose grace is over", series, 0)
    gone = objects - len(shown)
    checks.that(f"{gone} objects are deleted for longer than that", gone)


def run(checks, stack, options):
    seconds = WARM_UP + (SHORT if options.short else options.seconds)
    objects = OBJECTS_SHORT if options.short else OBJECTS
    folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="soak-")))
    truth_file, log = folder / "truth.json", folder / "fleet.log"
    prometheus = Prometheus(stack, options.prometheus, folder, "fleet")

    command = [options.fleet, "--objects", str(objects), "--speed", str(SPEED), "--listen", "127.0.0.1:0"]
    command += ["--stop-after", str(seconds), "--truth", str(truth_file)]
    fleet = stack.enter_context(running(command, log))
    printed = lambda: re.match(r"http://([0-9.:]+)/metrics\n", log.read_text())
    address = wait_until("fleet prints its address", printed, 10, fleet)
    prometheus.scrape({POD: address[1]})
    seen = watch(fleet, truth_file, seconds)

    frozen_at = time.time()
    settled = lambda: sum(at > frozen_at for at, _ in prometheus.scrapes(POD)) >= 2
    wait_until("two scrapes of the frozen fleet", settled, 30, prometheus.process)
    truth = json.loads(truth_file.read_text())
    print(truth["summary"])
    check_memory(checks, seen)
    check_scrapes(checks, prometheus, seconds)
    check_deleted(checks, prometheus, truth, objects)
    check_objects(checks, prometheus, truth)
    check_attempts(checks, prometheus, truth)


def main():
    parser = arguments(__doc__, "fleet", "prometheus")
    parser.add_argument("--short", action="store_true", help=f"{SHORT} seconds, {OBJECTS_SHORT} objects")
    parser.add_argument("--seconds", type=int, default=LONG)
    options = parser.parse_args()
    return run_checks(run, WARM_UP + max(options.seconds, SHORT) + 240, options)


if __name__ == "__main__":
    sys.exit(main())
