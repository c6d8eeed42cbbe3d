"""Kills what the example controller stands on, and itself, at random during churn; what it shows must stay true.

Started by `faults`, which finds the programs. Prints a line per check; exit code 1 if one fails.
"""

import random
import re
import sys
import tempfile
import time
from pathlib import Path

from checks import arguments, run_checks
from kube.churn import Churn, is_suspended
from kube.world import GRACE, World
from processes import wait_until
from prometheus import fetch

ROUNDS = 20
LEASE = 60  # seconds; a restarted controller is the same holder
DOWN = (0.5, 3)  # seconds
SETTLES_WITHIN = 120  # seconds; kube-rs waits longer and longer for an API server that is away
SAMPLE = re.compile(r'(gotk_[a-z_]+)\{kind="App",name="([^"]*)",namespace="([^"]*)"(?:,status="(\w+)",type="Ready")?\} (\S+)')


class Shown:
    """What one scrape of the controller shows."""

    def __init__(self, text):
        self.ready, self.suspended = {}, {}
        for family, name, namespace, status, value in SAMPLE.findall(text):
            if family == "gotk_reconcile_condition" and status and value == "1":
                self.ready.setdefault((namespace, name), []).append(status)
            elif family == "gotk_suspend_status":
                self.suspended[namespace, name] = value == "1"

    def alive(self):
        return {name: states for name, states in self.ready.items() if states != ["Deleted"]}


def truth(apps):
    """Ready by name. One that was suspended before its first reconcile has no state of its own."""
    found = {}
    for name, app in apps.items():
        conditions = (app.get("status") or {}).get("conditions", [])
        found[name] = [one["status"] for one in conditions if one["type"] == "Ready"]
    return found


def faults(world):
    """How each is killed, and how it comes back."""
    controller = world.replicas[0]
    return {
        "Prometheus": (world.prometheus.kill, world.prometheus.restart),
        "API server": (world.cluster.kill, world.cluster.restart),
        "etcd": (world.cluster.kill_etcd, world.cluster.restart_etcd),
        "controller": (controller.kill, lambda: controller.start(LEASE)),
    }


def check_fault(world, checks, churn, what, down):
    kill, restart = faults(world)[what]
    kill()
    time.sleep(down)
    restart()
    time.sleep(1)  # of churn with everything back
    with churn.paused():
        apps = churn.settled(SETTLES_WITHIN)
        expected = truth(apps)
        scrapes = 0
        # What the API server has said a moment ago may be on its way; the next scrape, a second later, has it.
        for scrapes in (1, 2):
            shown = Shown(fetch(world.replicas[0].url("/metrics"))[2])
            alive = {name: states if expected.get(name, True) else [] for name, states in shown.alive().items()}
            suspended = {name: on for name, on in shown.suspended.items() if name in shown.alive()}
            if same := (alive == expected and suspended == {name: is_suspended(app) for name, app in apps.items()}):
                break
            time.sleep(1)
        detail = "\n".join(f"{name}: shown {alive.get(name)}, is {expected.get(name)}"
                           for name in sorted(alive.keys() | expected.keys()) if alive.get(name) != expected.get(name))
        checks.that(f"{what} was away {down:.1f} s: {len(apps)} objects shown as they are, at scrape {scrapes}", same, detail)
    return time.time(), churn.created - set(apps)


def check_resurrected(world, checks, gone):
    """No object that was gone has shown a state since."""
    shown = world.over_time('gotk_reconcile_condition{type="Ready",status!="Deleted"}', 0, "30m")
    risen = set()
    for at, series in shown.items():
        for labels, value in series.items():
            labels = dict(labels)
            name = (labels["namespace"], labels["name"])
            # A scrape that began before is stored after it.
            if value == 1 and at > gone.get(name, at) + 1:
                risen.add(name)
    checks.that(f"none of {len(gone)} objects that were gone came back", not risen, sorted(risen)[:10])


def scraped(world):
    """Prometheus has scraped since: one that has just started takes seconds to find its targets."""
    since, pod = time.time(), world.replicas[0].pod
    found = lambda: any(at > since and up for at, up in world.prometheus.scrapes(pod))
    wait_until("Prometheus scrapes", found, 30, world.prometheus.process)


def check_grace(world, checks, churn):
    with churn.paused():
        apps = churn.settled(SETTLES_WITHIN)
        # A deletion is noticed at a scrape, and its grace begins there.
        scraped(world)
        time.sleep(GRACE)
        shown = Shown(fetch(world.replicas[0].url("/metrics"))[2])
        checks.equal("objects with series, once every grace is over", set(shown.suspended), set(apps))


def run(checks, stack, options):
    folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="faults-")))
    world = World(checks, stack, options, folder)
    world.replicas[0].start(LEASE)
    world.scrape(world.replicas[0])
    chance = random.Random(options.seed)
    kinds = sorted(faults(world))
    # Each once, then whichever.
    order = kinds + [chance.choice(kinds) for _ in range(options.rounds - len(kinds))]
    gone = {}
    churn = stack.enter_context(Churn(world, options.seed).working())
    churn.going.set()
    time.sleep(3)
    for what in order[: len(kinds) if options.short else options.rounds]:
        at, names = check_fault(world, checks, churn, what, chance.uniform(*DOWN))
        gone |= {name: at for name in names if name not in gone}
        time.sleep(2)
    check_grace(world, checks, churn)
    check_resurrected(world, checks, gone)
    checks.figure(f"{churn.steps} steps of churn, {len(churn.created)} objects created, {len(gone)} gone")


def main():
    parser = arguments(__doc__, "controller", "assets", "prometheus", "promtool")
    parser.add_argument("--short", action="store_true", help="each fault once")
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    return run_checks(run, 60 + 60 * options.rounds, options)


if __name__ == "__main__":
    sys.exit(main())
