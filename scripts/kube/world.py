"""The example controller, the API server it works on, and the Prometheus that scrapes it.

What is done goes through the API server, what is seen through Prometheus; the controller itself is never asked.
"""

import contextlib
import json
import os
import re
import subprocess
import time
from collections import defaultdict
from pathlib import Path

from kube.cluster import Cluster
from processes import running, wait_until
from prometheus import ALERT, Prometheus

# Without its monitoring, which needs the operator's kinds.
DEPLOY = [Path("examples/controller/deploy", f"{name}.yaml") for name in ("crd", "deployment", "rbac")]
NAMESPACE = "app-system"
# With the rights of deploy/rbac.yaml and no other.
USER = f"system:serviceaccount:{NAMESPACE}:app-controller"
LEASE = f"/apis/coordination.k8s.io/v1/namespaces/{NAMESPACE}/leases/app-controller"
APPS = "/apis/example.com/v1/namespaces/{}/apps"

GRACE = 5  # seconds that a deleted object shows as such
PENDING = 3  # seconds until the alert fires
NAME = "ReconciliationFailure"
RULES = json.dumps({"groups": [{"name": "flux", "rules": [{"alert": NAME, "expr": ALERT, "for": f"{PENDING}s"}]}]})


class Replica:
    """A pod of the Deployment, as a process."""

    def __init__(self, world, pod):
        self.world, self.pod, self.port, self.scheme = world, pod, 0, "http"
        self.log, self.starts = None, 0

    def start(self, lease, openmetrics=False, secret=None):
        """`lease` is how many seconds the others wait for it. Again on its port, as a container that restarts.

        With `secret`, a folder with a certificate, it serves by that.
        """
        self.starts += 1
        self.scheme = "https" if secret else "http"
        self.log = self.world.folder / f"{self.pod}-{self.starts}.log"
        chosen = {"METRICS_ADDRESS": f"127.0.0.1:{self.port}", "DELETED_GRACE_SECONDS": str(GRACE)}
        chosen |= {"LEASE_SECONDS": str(lease), "POD_NAMESPACE": NAMESPACE, "POD_NAME": self.pod}
        chosen |= {"METRICS_OPENMETRICS": str(openmetrics).lower()}
        chosen |= {"KUBECONFIG": str(self.world.cluster.kubeconfig(USER))}
        chosen |= {"METRICS_TLS": str(secret)} if secret else {}
        command = [self.world.options.controller]
        self.process = self.world.stack.enter_context(running(command, self.log, env=os.environ | chosen))
        printed = lambda: re.match(rf"{self.scheme}://127\.0\.0\.1:(\d+)/metrics\n", self.log.read_text())
        self.port = int(wait_until("the controller prints its address", printed, 20, self.process)[1])

    def url(self, path):
        return f"{self.scheme}://127.0.0.1:{self.port}{path}"

    def end(self):
        """The exit code after a SIGTERM."""
        self.process.terminate()
        return self.exit_code()

    def exit_code(self):
        """None if it does not end by itself."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(15)
        return self.process.returncode

    def kill(self):
        self.process.kill()
        self.process.wait()


class World:
    def __init__(self, checks, stack, options, folder, prometheus=None):
        """`prometheus` is one that runs already, with rules of its own."""
        self.checks, self.stack, self.options, self.folder = checks, stack, options, folder
        self.cluster = Cluster(stack, options.assets, folder, [USER])
        for manifest in DEPLOY:
            self.cluster.apply(manifest)
        for namespace in ("shop", "blog"):
            self.cluster.call("POST", "/api/v1/namespaces", {"metadata": {"name": namespace}})
        wait_until("Apps are served", self.serves_apps, 20, self.cluster.process)
        self.prometheus = prometheus or Prometheus(stack, options.prometheus, folder, "apps", RULES)
        self.replicas = [Replica(self, f"app-controller-{number}") for number in range(2)]

    def serves_apps(self):
        try:
            return self.cluster.ask("GET", APPS.format("shop"))
        except OSError:
            return None

    def scrape(self, *replicas):
        """They are of one scheme."""
        [scheme] = {one.scheme for one in replicas} or {"http"}
        self.prometheus.scrape({one.pod: f"127.0.0.1:{one.port}" for one in replicas}, scheme)

    # What is done.

    def create(self, namespace, name, finalizers=(), **spec):
        app = {"apiVersion": "example.com/v1", "kind": "App", "spec": spec}
        app["metadata"] = {"name": name, "finalizers": list(finalizers)}
        self.cluster.call("POST", APPS.format(namespace), app)

    def change(self, namespace, name, **spec):
        self.patch(namespace, name, {"spec": spec})

    def release(self, namespace, name):
        self.patch(namespace, name, {"metadata": {"finalizers": None}})

    def patch(self, namespace, name, patch):
        path = f"{APPS.format(namespace)}/{name}"
        self.cluster.call("PATCH", path, patch, "application/merge-patch+json")

    def delete(self, namespace, name):
        self.cluster.call("DELETE", f"{APPS.format(namespace)}/{name}")

    def app(self, namespace, name):
        return self.cluster.call("GET", f"{APPS.format(namespace)}/{name}")

    # What is seen.

    def eventually(self, what, ask, expected, seconds=20):
        end = time.monotonic() + seconds
        while (actual := ask()) != expected and time.monotonic() < end:
            time.sleep(0.2)
        self.checks.equal(what, actual, expected)

    def ready(self, selector=""):
        """The one state of Ready of each object; several states would show."""
        states = self.prometheus.query(f'gotk_reconcile_condition{{type="Ready",{selector}}} == 1')
        found = defaultdict(list)
        for one in states:
            found[named(one["metric"])].append(one["metric"]["status"])
        return {name: " and ".join(sorted(states)) for name, states in found.items()}

    def suspended(self, selector=""):
        values = self.prometheus.query(f"gotk_suspend_status{{{selector}}}")
        return {named(one["metric"]): int(one["value"][1]) for one in values}

    def requests(self):
        """Requests of all controllers to this API server, by code and method."""
        counts = self.prometheus.query(f"sum by (code, method) (rest_client_requests_total{self.of_server()})")
        return {(one["metric"]["code"], one["metric"]["method"]): int(one["value"][1]) for one in counts}

    def requests_without_duration(self):
        """Those of them that have none, by method."""
        timed = f"sum by (method) (label_replace(rest_client_request_duration_seconds_count{self.of_server()}, "
        timed += '"method", "$1", "verb", "(.*)"))'
        counts = f"sum by (method) (rest_client_requests_total{self.of_server()})"
        found = self.prometheus.query(f"{counts} - {timed} != 0")
        return {one["metric"]["method"]: int(one["value"][1]) for one in found}

    def of_server(self):
        return f'{{host="127.0.0.1:{self.cluster.port}"}}'

    def alerts(self):
        return {alert(one["metric"]) for one in self.prometheus.query("ALERTS")}

    def alerts_over_time(self, since):
        """Evaluations at which there was none are left out."""
        return {at: set(map(alert, map(dict, series))) for at, series in self.over_time("ALERTS", since).items()}

    def series(self, name):
        """How many series of any family of Flux an object has."""
        found = f'count({{__name__=~"gotk_.*",namespace="{name[0]}",name="{name[1]}"}})'
        return self.prometheus.value(found, 0)

    def over_time(self, selector, since, within="10m"):
        """What was stored since then, by time: the values of all series, each a set of labels."""
        found = defaultdict(dict)
        for one in self.prometheus.query(f"{selector}[{within}]"):
            labels = frozenset(one["metric"].items())
            for at, value in one["values"]:
                if at >= since:
                    found[float(at)][labels] = float(value)
        return dict(sorted(found.items()))

    def scrapes(self, pod, since, selector='gotk_reconcile_condition|gotk_suspend_status'):
        """The series that each successful scrape since then brought, in order."""
        found = self.over_time(f'{{__name__=~"{selector}",pod="{pod}"}}', since)
        return [(at, found.get(at, {})) for at, up in self.prometheus.scrapes(pod) if up == 1 and at >= since]


def named(labels):
    return labels["namespace"], labels["name"]


def alert(labels):
    return (*named(labels), labels["alertstate"])
