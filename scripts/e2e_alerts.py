"""Makes objects fail, and checks who is told what by the Alertmanager behind a Prometheus with the rules of the kit.

Started by `e2e-alerts`, which finds the programs. Prints a line per check; exit code 1 if one fails.
"""

import contextlib
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from alerting import Alertmanager, Webhook
from checks import arguments, run_checks
from kit import alertmanager_config, cut_rules, prometheus_config
from kube.world import World
from processes import running, wait_until
from prometheus import Prometheus

RUN_LIMIT = 420  # seconds for everything
# How many times faster than shipped the rules and the routes are, and the fleet than a real one. 15 minutes are 6 seconds.
FACTOR, SPEED = 150, 10
PATIENCE = 45  # until somebody is told
QUIET = 6  # seconds in which it would have come
OBJECTS = 120
CLUSTER = "my-cluster"
LEASE = 60

PODS = "controllers"  # the namespace of all that is scraped
KINDS = ("bucket", "gitrepository", "helmrelease", "helmrepository", "kustomization", "ocirepository")
NOT_READY, STALLED, FAILING, FLUX = "GotkObjectNotReady", "GotkObjectStalled", "GotkKindFailing", "ReconciliationFailure"
ONE = ("Kustomization", "team-search", "podinfo")
NAMESAKE = ("Kustomization", "team-data", "podinfo")
OTHER = ("GitRepository", "flux-system", "apps")
STUCK = ("HelmRelease", "team-mobile", "redis")
LEFT = ("Bucket", "team-search", "apps")


class Site:
    """Prometheus, Alertmanager and whoever is told."""

    def __init__(self, checks, stack, options, folder, besides=()):
        """`besides` may be told of or not."""
        self.checks, self.besides = checks, set(besides)
        self.webhook = Webhook(stack)
        config = alertmanager_config(self.webhook.address, FACTOR)
        self.alertmanager = Alertmanager(stack, options.alertmanager, folder, config)
        shape = lambda targets, rules: prometheus_config(targets, self.alertmanager.address, rules, "1s")
        self.prometheus = Prometheus(stack, options.prometheus, folder, "gotk-metrics", cut_rules(FACTOR), shape=shape)

    def told(self, what, expected, seconds=PATIENCE):
        """In the end, this is what each receiver takes for firing."""
        self.eventually(what, lambda: self.webhook.firing() - self.besides, set(expected), seconds)

    def eventually(self, what, ask, expected, seconds=PATIENCE):
        end = time.monotonic() + seconds
        while (actual := ask()) != expected and time.monotonic() < end:
            time.sleep(0.2)
        self.checks.equal(what, actual, expected)

    def only(self, what, since, allowed):
        """Nothing was said but this, since then and for a while longer."""
        time.sleep(QUIET)
        others = self.webhook.heard(since) - set(allowed) - starts(*self.besides) - ends(*self.besides)
        self.checks.that(what, not others, sorted(others))


def team(alert, *subject):
    return "team", (alert, *subject)


def on_call(alert, *subject):
    return "on-call", (alert, *subject)


def controller_errors(controller):
    return team("GotkControllerErrors", PODS, controller)


def ends(*told):
    return {(receiver, alert, "resolved") for receiver, alert in told}


def starts(*told):
    return {(receiver, alert, "firing") for receiver, alert in told}


class Fleet:
    def __init__(self, site, stack, program, log):
        self.site = site
        command = [program, "--commands", "--objects", str(OBJECTS), "--speed", str(SPEED), "--listen", "127.0.0.1:0"]
        self.process = stack.enter_context(running(command, log, stdin=subprocess.PIPE))
        printed = lambda: re.match(r"http://([0-9.:]+)/metrics\n", log.read_text())
        address = wait_until("fleet prints its address", printed, 10, self.process)[1]
        for order in ("resume", "fix"):
            self.say(order, "*", "*", "*")
        # Scraped only now, when no object lives at random any more.
        hears = lambda: f"fix * */*: {OBJECTS} objects" in log.read_text()
        wait_until("fleet hears", hears, 10, self.process)
        site.prometheus.scrape({"fleet-0": address})
        self.say("brake", *ONE)
        complaint = "fleet: command `brake Kustomization team-search/podinfo` is not understood"
        wait_until("fleet complains of a command that there is not", lambda: complaint in log.read_text(), 10, self.process)

    def say(self, order, kind, namespace, name):
        self.process.stdin.write(f"{order} {kind} {namespace}/{name}\n".encode())
        self.process.stdin.flush()

    def states(self):
        """How many objects are in which state."""
        found = self.site.prometheus.query('count by (status) (gotk_reconcile_condition{type="Ready"} == 1)')
        return {one["metric"]["status"]: int(one["value"][1]) for one in found}

    def end(self):
        self.process.terminate()
        self.process.wait(10)


def check_quiet(site, fleet):
    site.eventually("objects that are ready", fleet.states, {"True": OBJECTS})
    site.only("nobody is told of anything", 0, set())


def check_fails(site, fleet, checks):
    fleet.say("fail", *ONE)
    since, told = time.time(), team(NOT_READY, *ONE)
    site.told("told of what fails", {told})
    check_texts(site, checks, ONE)
    site.only("and of nothing else", since, starts(told))
    flux = site.prometheus.objects(f'ALERTS{{alertname="{FLUX}",alertstate="firing"}}')
    checks.equal("Flux's own alert fires for it too, which nobody is told of", flux, {ONE})


def check_texts(site, checks, one):
    alert = site.webhook.alert((NOT_READY, *one))
    kind, namespace, name = one
    labels = {"alertname": NOT_READY, "severity": "warning", "cluster": CLUSTER}
    labels |= {"kind": kind, "namespace": namespace, "name": name}
    checks.equal("its labels", alert and alert["labels"], labels)
    thing = f"{kind} {namespace}/{name}"
    texts = {"summary": f"{thing} is not ready.", "runbook": "docs/runbook.md#gotkobjectnotready"}
    texts["description"] = f"Ready of {thing} has been False or Unknown for 15 minutes. It is not suspended."
    checks.equal("its texts", alert and alert["annotations"], texts)


def check_fixed(site, fleet):
    since, told = time.time(), team(NOT_READY, *ONE)
    fleet.say("fix", *ONE)
    site.told("told that it is fixed", set())
    site.only("and nothing else", since, ends(told))


def check_deleted(site, fleet, checks):
    """Of two objects of one name that fail, and a third, one goes."""
    since = time.time()
    one, namesake, other = (team(NOT_READY, *about) for about in (ONE, NAMESAKE, OTHER))
    for about in (ONE, NAMESAKE, OTHER):
        fleet.say("fail", *about)
    site.told("told of three that fail, two of one name", {one, namesake, other})
    site.only("and of nothing else", since, starts(one, namesake, other))
    since = time.time()
    fleet.say("delete", *NAMESAKE)
    site.told("told that one of a name is over once it is deleted", {one, other})
    # An alert that goes on may be said again with its group.
    site.only("and nothing else", since, ends(namesake) | starts(one, other))
    shown = site.prometheus.objects('gotk_reconcile_condition{type="Ready",status="Deleted"} == 1')
    checks.equal("meanwhile it shows as Deleted", shown, {NAMESAKE})
    fleet.say("fix", *ONE)
    fleet.say("fix", *NAMESAKE)
    site.told("told that the other of the name is fixed", {other})


def check_suspended(site, fleet, checks):
    since, told = time.time(), team(NOT_READY, *OTHER)
    fleet.say("suspend", *OTHER)
    site.told("told that it is over for what fails and is suspended", set())
    site.only("nobody is woken by it", since, ends(told))
    failing = site.prometheus.objects('gotk_reconcile_condition{type="Ready",status="False"} == 1')
    checks.equal("it fails still", failing, {OTHER})
    fleet.say("resume", *OTHER)
    site.told("told of it again once it is resumed", {told})
    fleet.say("fix", *OTHER)
    site.told("told that it is fixed", set())


def check_stalled(site, fleet):
    stalled, not_ready = team(STALLED, *STUCK), team(NOT_READY, *STUCK)
    fleet.say("stall", *STUCK)
    site.told("told of what is stalled", {stalled, not_ready})
    fleet.say("fix", *STUCK)
    site.told("told that it goes on", set())


def check_mass(site, fleet, checks):
    """Most of a kind fail: one alert instead of one each."""
    since, mass = time.time(), on_call(FAILING, LEFT[0])
    errors = controller_errors(LEFT[0].lower())
    fleet.say("fail", LEFT[0], "*", "*")
    site.told("told of the kind and of its controller", {mass, errors})
    failing = site.prometheus.objects('gotk_reconcile_condition{type="Ready",status="False"} == 1')
    checks.that(f"{len(failing)} objects of it fail", len(failing) >= 5 and {kind for kind, _, _ in failing} == {LEFT[0]}, failing)
    held = lambda: {alert[1:] for alert in site.alertmanager.held_back() if alert[0] == NOT_READY}
    site.eventually("alerts of single ones, which are held back", held, failing)
    site.only("nobody is told of single ones", since, starts(mass, errors))

    for one in failing - {LEFT}:
        fleet.say("fix", *one)
    left = team(NOT_READY, *LEFT)
    site.told("told of the one that is left, once the rest is fixed", {left})
    fleet.say("fix", *LEFT)
    site.told("told that all is well", set())
    # The end of what was held back is said with that of what was not.
    held = (team(NOT_READY, *one) for one in failing)
    site.only("and of no other one in all that time", since, starts(mass, errors, left) | ends(mass, errors, *held))


def check_gone(site, fleet):
    fleet.say("fail", *ONE)
    site.told("told of what fails before the controller goes", {team(NOT_READY, *ONE)})
    fleet.end()
    down = {on_call("GotkControllerDown", PODS, kind) for kind in KINDS}
    site.told("told that the controllers are down, and of nothing that they watched", down)


def check_fleet(checks, stack, options, folder):
    site = Site(checks, stack, options, folder)
    fleet = Fleet(site, stack, options.fleet, folder / "fleet.log")
    check_quiet(site, fleet)
    check_fails(site, fleet, checks)
    check_fixed(site, fleet)
    check_deleted(site, fleet, checks)
    check_suspended(site, fleet, checks)
    check_stalled(site, fleet)
    check_mass(site, fleet, checks)
    check_gone(site, fleet)


def check_controller(checks, stack, options, folder):
    """What only a real controller has: objects that go without a word, and finalizers that hold them."""
    # What fails is tried more often than what does not, so most of the reconciles of so few objects fail.
    site = Site(checks, stack, options, folder, [controller_errors("app")])
    world = World(checks, stack, options, folder, site.prometheus)
    world.replicas[0].start(LEASE)
    world.scrape(world.replicas[0])
    web, blog, held = ("App", "shop", "web"), ("App", "blog", "web"), ("App", "shop", "held")
    for _, namespace, name in (web, blog):
        world.create(namespace, name, fail=True)
    # Two are not most of them then.
    for number in range(4):
        world.create("shop", f"fine-{number}")
    told = {team(NOT_READY, *one) for one in (web, blog)}
    since = time.time()
    site.told("told of two of one name that fail", told)
    check_texts(site, checks, web)
    world.delete("shop", "web")
    site.told("told that one is over once it is deleted, without a finalizer", {team(NOT_READY, *blog)})
    world.change("blog", "web", fail=False)
    site.told("told that the other is fixed", set())
    world.create("shop", "held", finalizers=["example.com/hold"])
    world.eventually("Ready of what a finalizer will hold", lambda: world.ready().get(held[1:]), "True")
    world.delete("shop", "held")
    stuck = team("GotkObjectDeletionStuck", *held)
    site.told("told of what cannot be deleted", {stuck})
    world.release("shop", "held")
    site.told("told that it is gone", set())
    wanted = starts(*told, stuck) | ends(*told, stuck)
    site.only("and of nothing else in all that time", since, wanted)


def run(checks, stack, options):
    for title, check in (("fleet", check_fleet), ("controller", check_controller)):
        print(f"--- {title}", flush=True)
        with contextlib.ExitStack() as own:
            folder = Path(own.enter_context(tempfile.TemporaryDirectory(prefix="e2e-alerts-")))
            check(checks, own, options, folder)


def main():
    return run_checks(run, RUN_LIMIT, arguments(__doc__, "fleet", "controller", "assets", "prometheus", "alertmanager").parse_args())


if __name__ == "__main__":
    sys.exit(main())
