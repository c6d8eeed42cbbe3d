"""Runs the example controller on a real API server; compares what Prometheus stored with what was done.

Started by `e2e-kube`, which finds the programs. Prints a line per check; exit code 1 if one fails.
"""

import re
import sys
import tempfile
import time
from pathlib import Path

import exposition
from checks import arguments, run_checks
from kube.world import GRACE, LEASE, PENDING, World, named
from prometheus import fetch

OPENMETRICS = "application/openmetrics-text"
RUN_LIMIT = 420  # seconds for everything
OUTAGE = 6
# How long a leader may be silent. The first one's is longer than the API server is away.
LEASE_LONG, LEASE_SHORT = 60, 4

WEB, CART, DB, PAUSED = (("shop", name) for name in ("web", "cart", "db", "paused"))
BLOG, FEED = (("blog", name) for name in ("web", "feed"))
HELD, LOST, LATE = ("shop", "held"), ("shop", "lost"), ("blog", "late")


def check_created(world, checks):
    for app in (WEB, CART, BLOG, FEED):
        world.create(*app)
    world.create(*DB, cleanup=True)
    world.create(*PAUSED, suspend=True)
    expected = dict.fromkeys((WEB, CART, BLOG, FEED, DB), "True")
    world.eventually("Ready of what was created", lambda: without_paused(world.ready()), expected)
    suspended = dict.fromkeys(expected, 0) | {PAUSED: 1}
    world.eventually("suspended of what was created", world.suspended, suspended)
    states = 'count by (namespace, name) (gotk_reconcile_condition{type="Ready"})'
    counts = {named(one["metric"]): int(one["value"][1]) for one in world.prometheus.query(states)}
    checks.equal("states of Ready, each with a series", counts, dict.fromkeys(suspended, 4))
    conditions = world.app(*WEB)["status"]["conditions"]
    checks.equal("generation that the status is about", conditions[0]["observedGeneration"], 1)
    finalizers = {name: world.app(*name)["metadata"].get("finalizers") for name in (DB, WEB)}
    wanted = {DB: ["example.com/app-cleanup"], WEB: None}
    checks.that("a finalizer where there is something to clean up, and only there", finalizers == wanted, finalizers)


# A suspended object that never had a status shows what its last attempt came to, which is nobody's state.
def without_paused(states):
    return {name: state for name, state in states.items() if name != PAUSED}


def check_failing(world, checks):
    since = time.time()
    world.change(*WEB, fail=True)
    expected = dict.fromkeys((CART, BLOG, FEED, DB), "True") | {WEB: "False"}
    world.eventually("Ready of what fails", lambda: without_paused(world.ready()), expected)
    world.eventually("the alert fires for what fails and no other", world.alerts, {(*WEB, "firing")})
    states = world.alerts_over_time(since)
    starts = [next((at for at, found in states.items() if (*WEB, state) in found), 0) for state in ("pending", "firing")]
    took = starts[1] - starts[0]
    checks.that(f"it was pending for {took:.0f} s", all(starts) and PENDING <= took <= PENDING + 2, states)
    world.change(*WEB, fail=False)
    world.eventually("Ready of what is fixed", lambda: world.ready().get(WEB), "True")
    world.eventually("the alert is resolved", world.alerts, set())


def check_suspended(world, checks):
    world.change(*FEED, suspend=True)
    world.eventually("suspend status of what is suspended", lambda: world.suspended().get(FEED), 1)
    checks.equal("its Ready", world.ready().get(FEED), "True")
    world.change(*FEED, suspend=False)
    world.eventually("suspend status of what is resumed", lambda: world.suspended().get(FEED), 0)


def check_deleted(world, checks):
    since = time.time()
    world.delete(*CART)
    world.eventually("Ready of what was deleted", lambda: world.ready().get(CART), "Deleted")
    world.eventually("series of it after the grace", lambda: world.series(CART), 0, GRACE + 15)
    found = world.over_time('gotk_reconcile_condition{namespace="shop",name="cart",status="Deleted"}', since)
    shown = [at for at, values in found.items() if set(values.values()) == {1.0}]
    # Scrapes are a second apart, and a busy machine loses one.
    took = max(shown) - min(shown) if shown else 0
    checks.that(f"it showed as Deleted for {took:.1f} s", GRACE - 2 <= took <= GRACE + 1)


def check_held(world, checks):
    world.create(*HELD, finalizers=["example.com/hold"])
    world.eventually("Ready of what a finalizer will hold", lambda: world.ready().get(HELD), "True")
    world.change(*DB, fail=True)
    world.eventually("Ready of what cannot be cleaned up", lambda: world.ready().get(DB), "False")
    since = time.time()
    world.delete(*HELD)
    world.delete(*DB)
    reason = lambda: world.app(*DB)["status"]["conditions"][0]["reason"]
    world.eventually("its reason, once it is to be deleted", reason, "RemoveFailed")
    scrapes = lambda: world.scrapes(world.replicas[0].pod, since, "gotk_reconcile_condition")
    world.eventually("a scrape after more than the grace", lambda: any(at > since + GRACE + 1 for at, _ in scrapes()), True)
    checks.that("both are held still", all("deletionTimestamp" in world.app(*one)["metadata"] for one in (HELD, DB)))
    for app, status in ((HELD, "True"), (DB, "False")):
        states = [{dict(one)["status"] for one in series if series[one] and named(dict(one)) == app} for _, series in scrapes()]
        wrong = [one for one in states if one != {status}]
        checks.that(f"{app[1]} was Ready {status} at each of {len(states)} scrapes", states and not wrong, wrong)
    world.release(*HELD)
    world.eventually("Ready of what is released", lambda: world.ready().get(HELD), "Deleted")
    world.change(*DB, fail=False)
    world.eventually("Ready of what could be cleaned up", lambda: world.ready().get(DB), "Deleted")
    world.eventually("series of both after the grace", lambda: world.series(HELD) + world.series(DB), 0, GRACE + 15)
    world.eventually("the alert for the failing cleanup is resolved", world.alerts, set())


def check_requests(world, checks):
    # It looked for a lease that was not there yet, made one, renews it, and writes status.
    seen = {("404", "GET"), ("201", "POST"), ("200", "GET"), ("200", "PUT"), ("200", "PATCH")}
    world.eventually("codes and methods not seen", lambda: seen - set(world.requests()), set())
    codes = {code for code, _ in world.requests()}
    checks.that("the code of each is one, or that it failed", all(re.fullmatch(r"\d{3}|<error>", code) for code in codes), codes)
    without = world.requests_without_duration()
    checks.that("each has a duration, but for watches", set(without) == {"GET"}, without)


def check_outage(world, checks):
    pod = world.replicas[0].pod
    failed = lambda: sum(count for (code, _), count in world.requests().items() if code == "<error>")
    failed_before = failed()
    world.change(*WEB, fail=True)
    world.create(*LOST)
    world.eventually("the alert fires before the outage", world.alerts, {(*WEB, "firing")})
    errors = lambda: world.prometheus.value('gotkmetrics_watch_errors_total{controller="app"}', 0)
    before, since = errors(), time.time()
    world.cluster.kill()
    world.cluster.lose("example.com", "apps", *LOST)
    time.sleep(OUTAGE)
    until = time.time()
    world.cluster.restart()
    back = time.time()
    world.create(*LATE)
    world.eventually("Ready of what was created after the outage", lambda: world.ready().get(LATE), "True", 60)
    world.eventually("Ready of what went without a watch event", lambda: world.ready().get(LOST), "Deleted")
    scrapes = world.scrapes(pod, since)
    during = [series for at, series in scrapes if at <= until]
    checks.that(f"{len(during)} scrapes while the API server was away", len(during) >= OUTAGE - 2)
    changed = [series for series in during if series != during[0]]
    checks.that("no series came, went or changed", during and during[0] and not changed, changed)
    stays = lambda labels: named(dict(labels)) not in (LATE, LOST)
    others = [{labels: value for labels, value in series.items() if stays(labels)} for _, series in scrapes]
    changed = [series for series in others if series != others[0]]
    checks.that(f"nor, of the others, at {len(scrapes)} scrapes until all was caught up", not changed, changed)
    # Since when it is active; another time if it was not for one evaluation.
    active = {value for series in world.over_time("ALERTS_FOR_STATE", since).values() for value in series.items()}
    checks.that("the alert went on firing, and no other did", len(active) == 1, active)
    checks.that(f"watch errors went from {before:.0f} to {errors():.0f}", errors() > before)
    checks.that(f"failed requests went from {failed_before} to {failed()}", failed() > failed_before)
    resets = "sum(resets(gotk_reconcile_duration_seconds_count[10m]))"
    checks.equal("resets of durations", world.prometheus.value(resets), 0.0)
    world.eventually("series of what is gone, after the grace", lambda: world.series(LOST), 0, GRACE + 15)


def check_restart(world, checks):
    replica = world.replicas[0]
    world.change(*FEED, suspend=True)
    world.eventually("suspend status before the restart", lambda: world.suspended().get(FEED), 1)
    ready, suspended = world.ready(), world.suspended()
    expected = dict.fromkeys((BLOG, FEED, LATE), "True") | {WEB: "False"}
    checks.equal("Ready before the restart", without_paused(ready), expected)
    replica.kill()
    replica.start(LEASE_LONG)
    since = time.time()
    world.eventually("scrapes since the restart", lambda: len(world.scrapes(replica.pod, since)) >= 3, True)
    checks.equal("Ready after the restart", without_paused(world.ready()), without_paused(ready))
    checks.equal("suspended after the restart", world.suspended(), suspended)
    scrapes = [{named(dict(labels)) for labels in series} for _, series in world.scrapes(replica.pod, since)]
    first = next((at for at, names in enumerate(scrapes, 1) if names), None)
    checks.that(f"the states were there at scrape {first}", first in (1, 2), scrapes)
    part = [names for names in scrapes if names and names != set(suspended)]
    checks.that("never some of them", not part, part)


def check_failover(world, checks):
    first, second = world.replicas
    world.change(*WEB, fail=False)
    world.eventually("the alert is resolved before the failover", world.alerts, set())
    ready, suspended, since = without_paused(world.ready()), world.suspended(), time.time()
    second.start(LEASE_SHORT)
    world.scrape(first, second)
    world.eventually("scrapes of the standby", lambda: len(world.scrapes(second.pod, since)) >= 3, True)
    held = [series for _, series in world.scrapes(second.pod, since, "gotk_.*") if series]
    checks.that("the standby shows no series of an object", not held, held)
    probes = {path: fetch(second.url(path))[0] for path in ("/healthz", "/readyz")}
    checks.that("it answers the probes of the Deployment", set(probes.values()) == {200}, probes)

    checks.equal("exit code of the leader after SIGTERM", first.end(), 0)
    theirs = f'pod="{second.pod}"'
    world.eventually("Ready, as the second replica has it", lambda: without_paused(world.ready(theirs)), ready)
    world.eventually("suspended, as the second replica has it", lambda: world.suspended(theirs), suspended)

    first.start(LEASE_LONG)
    world.eventually("the first one is scraped again", lambda: world.prometheus.value(f'up{{pod="{first.pod}"}}'), 1.0)
    second.kill()
    ours = f'pod="{first.pod}"'
    world.eventually("Ready, once the killed one's lease expired", lambda: without_paused(world.ready(ours)), ready, 30)
    world.eventually("suspended then", lambda: world.suspended(ours), suspended)
    shown = {pod: list(world.over_time(f'gotk_suspend_status{{pod="{pod}"}}', since)) for pod in (first.pod, second.pod)}
    both = [at for at in shown[first.pod] if min(shown[second.pod]) <= at <= max(shown[second.pod])]
    checks.that("never two replicas showed objects", not both, both)
    fired = world.alerts_over_time(since)
    checks.that("no alert was pending or firing", not fired, fired)


def check_exposition(world, checks):
    replica = world.replicas[0]
    _, _, text = fetch(replica.url("/metrics"))
    exposition.check(checks, text, world.options.promtool)
    checks.equal("refused", world.prometheus.value(f'sum(gotkmetrics_refused_total{{pod="{replica.pod}"}})'), 0.0)


# An API server that has just come back forbids too much, so this is asked before one went, and of replicas that came later.
def check_rights(world, checks):
    logs = "".join(replica.log.read_text() for replica in world.replicas if replica.log)
    forbidden = [line for line in logs.splitlines() if "forbidden" in line]
    checks.that("nothing that the controller asked for was forbidden", not forbidden, "\n".join(forbidden))


def check_end(world, checks):
    first, second = world.replicas
    checks.equal("exit code after SIGTERM", first.end(), 0)
    holder = world.cluster.call("GET", LEASE)["spec"].get("holderIdentity", "nobody")
    checks.equal("holder of the lease", holder, "nobody")
    second.start(LEASE_SHORT, openmetrics=True)
    theirs = f'pod="{second.pod}"'
    world.eventually("Ready, as who is next has it", lambda: world.ready(theirs).get(WEB), "True")
    _, headers, text = fetch(second.url("/metrics"), {"Accept": OPENMETRICS})
    checks.that("who is next answers in OpenMetrics", headers["Content-Type"].startswith(OPENMETRICS), headers)
    exposition.check(checks, text, world.options.promtool)
    world.cluster.call("PATCH", LEASE, {"spec": {"holderIdentity": "another"}}, "application/merge-patch+json")
    checks.equal("exit code of a leader whose lease another has", second.exit_code(), 1)
    world.eventually("Ready, as it has it", lambda: world.ready(theirs), {})


def run(checks, stack, options):
    folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="e2e-kube-")))
    world = World(checks, stack, options, folder)
    world.replicas[0].start(LEASE_LONG)
    world.scrape(world.replicas[0])
    steps = (check_created, check_requests, check_failing, check_suspended, check_deleted, check_held, check_rights)
    steps += (check_outage, check_restart, check_failover, check_rights, check_exposition, check_end)
    for step in steps:
        step(world, checks)


def main():
    return run_checks(run, RUN_LIMIT, arguments(__doc__, "controller", "assets", "prometheus", "promtool").parse_args())


if __name__ == "__main__":
    sys.exit(main())
