"""Asks what Flux's dashboards ask, of a Prometheus that scrapes the example controller on a real API server.

Started by `e2e-dashboards`, which finds the programs. Prints a line per expression; exit code 1 if one has no data.
"""

import math
import re
import sys
import tempfile
import time
from pathlib import Path

from checks import arguments, run_checks
from kube.dashboards import CLUSTER, CLUSTER_BEFORE, CONTROL_PLANE, LEFT_OUT
from kube.world import World
from processes import wait_until

RUN_LIMIT = 240  # seconds for everything
PATIENCE = 60  # until the last expression has data
LEASE = 60

LIVE = {("shop", "web"): "True", ("blog", "web"): "True", ("shop", "broken"): "False"}
PAUSED = ("blog", "paused")


def prepare(world):
    """Something of everything that a dashboard counts: ready, failing and suspended objects."""
    for name, ready in LIVE.items():
        world.create(*name, fail=ready == "False")
    world.create(*PAUSED, suspend=True)
    ready = lambda: {name: state for name, state in world.ready().items() if name != PAUSED}
    world.eventually("Ready of what was created", ready, LIVE)
    world.eventually("what is suspended", lambda: world.suspended().get(PAUSED), 1)


def chosen(world, checks, metric, label):
    """What Grafana fills in for a variable with the values of a label, all of them chosen."""
    values = lambda: {one["metric"][label] for one in world.prometheus.query(metric) if label in one["metric"]}
    found = wait_until(f"{metric} has {label}", values, PATIENCE, world.prometheus.process)
    checks.that(f"variable out of {label} of {metric}: {', '.join(sorted(found))}", True)
    return "|".join(sorted(map(re.escape, found)))


def has_data(world, expression):
    values = [float(one["value"][1]) for one in world.prometheus.query(expression)]
    return any(not math.isnan(value) for value in values)


def check_dashboard(world, checks, title, expressions, values):
    print(f"--- {title}", flush=True)
    filled = []
    for expression in expressions.strip().splitlines():
        for name, value in values.items():
            expression = expression.replace(f"${name}", value)
        filled.append(expression)
    waiting, end = list(filled), time.monotonic() + PATIENCE
    while waiting and time.monotonic() < end:
        waiting = [one for one in waiting if not has_data(world, one)]
        time.sleep(0.5 if waiting else 0)
    for expression in filled:
        checks.that(expression, expression not in waiting, "no data")


def run(checks, stack, options):
    folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="e2e-dashboards-")))
    world = World(checks, stack, options, folder)
    world.replicas[0].start(LEASE)
    world.scrape(world.replicas[0])
    prepare(world)
    ask = lambda metric, label: chosen(world, checks, metric, label)
    common = {"kind": "App", "controller": "app"}
    namespace = ask("workqueue_work_duration_seconds_count", "namespace")
    check_dashboard(world, checks, "control plane", CONTROL_PLANE, common | {"namespace": namespace})
    operators = ask("gotk_reconcile_condition", "namespace")
    namespace = ask("gotk_resource_info", "exported_namespace")
    values = common | {"operator_namespace": operators, "namespace": namespace}
    check_dashboard(world, checks, "cluster", CLUSTER, values)
    check_dashboard(world, checks, "cluster, until 2023", CLUSTER_BEFORE, common | {"namespace": operators})
    print("--- not the controller's to expose")
    for expression, reason in LEFT_OUT.items():
        print(f"      {expression}: {reason}")


def main():
    return run_checks(run, RUN_LIMIT, arguments(__doc__, "controller", "assets", "prometheus").parse_args())


if __name__ == "__main__":
    sys.exit(main())
