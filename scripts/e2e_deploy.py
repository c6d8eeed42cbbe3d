"""Builds everything in `deploy`, looks at what comes out, and applies it to a real API server.

Started by `e2e-deploy`, which finds the programs. Prints a line per check; exit code 1 if one fails.
"""

import json
import os
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path

from checks import Broken, arguments, run_checks
from kit import ALERTMANAGER, DISCOVERY, PROMETHEUS, prometheus_config
from kube.cluster import Cluster
from processes import wait_until

RUN_LIMIT = 300  # seconds for everything

BASE = Path("deploy/base")
COMPONENTS = Path("deploy/components")
EXAMPLE = Path("examples/controller/deploy")
DASHBOARDS = Path("deploy/dashboards")
# The operator's kinds, with the fields, types and patterns of prometheus-operator 0.80 as the Python package
# cloudcoil-models-prometheus-operator 0.80.1.0 (Apache-2.0) has them, without descriptions. What is there is what the API
# server lets through.
KINDS = Path("tests/fixtures/operator-crds.json")

OVERLAY = """
apiVersion: kustomize.config.k8s.io/v1beta1
kind: Kustomization
# A role binding names the namespace of its subject, so as of here.
namespace: kit-{name}
resources: [{base}]
components: [{component}]
"""

LABELS = {"app.kubernetes.io/part-of": "gotk-metrics", "app.kubernetes.io/component": "monitoring"}
# What the operator's objects need besides, to be selected.
RELEASE = {"release": "kube-prometheus-stack"}
MONITORS = ("PodMonitor", "ServiceMonitor")


class Kit:
    def __init__(self, kubectl, folder):
        self.kubectl, self.folder = kubectl, folder

    def run(self, *arguments, text=None, kubeconfig=None):
        """What kubectl printed; a Broken with its complaint if it fails."""
        # None of the user's clusters.
        environment = os.environ | {"KUBECONFIG": str(kubeconfig or self.folder / "none")}
        command = [self.kubectl, *map(str, arguments)]
        done = subprocess.run(command, input=text, capture_output=True, text=True, timeout=60, env=environment)
        if done.returncode != 0:
            raise Broken(f"kubectl {' '.join(command[1:])}: {done.stderr}")
        return done.stdout

    def overlay(self, component):
        """A folder that has the base and one component."""
        folder = self.folder / component.name
        folder.mkdir()
        relative = lambda path: os.path.relpath(path, folder)
        (folder / "kustomization.yaml").write_text(OVERLAY.format(name=component.name, base=relative(BASE), component=relative(component)))
        return folder

    def build(self, folder):
        """The objects; kubectl itself reads the YAML that it has made, and writes it as JSON."""
        built = self.run("kustomize", folder)
        as_json = ("annotate", "--local", "--dry-run=client", "--output=json", "--filename=-", "read-by=e2e-deploy")
        text, decoder, objects = self.run(*as_json, text=built).strip(), json.JSONDecoder(), []
        while text:
            one, end = decoder.raw_decode(text)
            objects.append(one)
            text = text[end:].strip()
        return objects


def named(one):
    return f"{one['kind']}/{one['metadata']['name']}"


def check_built(checks, title, objects):
    print(f"--- {title}: {', '.join(map(named, objects))}", flush=True)
    kinds = Counter(one["kind"] for one in objects)
    checks.equal("monitors, of pods and of services", sum(kinds[kind] for kind in MONITORS), 1)
    twice = [name for name, count in Counter(map(named, objects)).items() if count > 1]
    checks.that("no object twice", not twice, twice)
    ours = [one for one in objects if one["metadata"].get("labels", {}).items() >= LABELS.items()]
    operators = [one for one in objects if one["kind"] in (*MONITORS, "PrometheusRule")]
    unlabelled = [named(one) for one in operators if not one["metadata"]["labels"].items() >= (LABELS | RELEASE).items()]
    checks.that("the operator's objects have our labels and the release", not unlabelled, unlabelled)
    for one in operators:
        if one["kind"] in MONITORS:
            check_monitor(checks, one)
    ours = {named(one) for one in ours}
    check_rules(checks, [one for one in objects if one["kind"] == "PrometheusRule"])
    check_dashboards(checks, [one for one in objects if one["kind"] == "ConfigMap"], ours)


def check_monitor(checks, monitor):
    [endpoint] = monitor["spec"]["podMetricsEndpoints" if monitor["kind"] == "PodMonitor" else "endpoints"]
    relabeling = {"sourceLabels": ["__name__", "exported_namespace"], "regex": "gotk_.*;(.+)"}
    relabeling |= {"targetLabel": "namespace", "replacement": "$1"}
    wanted = {"port": "http-prom", "path": "/metrics", "honorLabels": False, "metricRelabelings": [relabeling]}
    # Authentication may add to it.
    changed = {key: endpoint.get(key) for key, value in wanted.items() if endpoint.get(key) != value}
    checks.that("its endpoint is http-prom, its labels are kept, namespaces are moved", not changed, changed)


def check_rules(checks, rules):
    """What Prometheus expands has come through, and no variable was filled in on the way."""
    for one in rules:
        texts = [text for group in one["spec"]["groups"] for rule in group["rules"] for text in rule["annotations"].values()]
        text = "\n".join(texts)
        whole = text.count("{{") == text.count("}}") > 0 and "$labels." in text
        checks.that(f"{named(one)}: {len(texts)} texts with what Prometheus expands", whole, text)
    names = [rule["alert"] for one in rules for group in one["spec"]["groups"] for rule in group["rules"]]
    checks.that(f"{len(names)} alerts, each once", names and len(set(names)) == len(names), names)


def check_dashboards(checks, config_maps, ours):
    # Grafana's sidecar puts all dashboards into one folder, so there they have whose they are in the name.
    files = {f"gotk-metrics-{path.name}": json.loads(path.read_text()) for path in DASHBOARDS.glob("*.json")}
    found = {}
    for one in config_maps:
        metadata = one["metadata"]
        found |= {name: json.loads(text) for name, text in one["data"].items()}
        substituted = metadata.get("annotations", {}).get("kustomize.toolkit.fluxcd.io/substitute") != "disabled"
        selected = metadata["labels"].get("grafana_dashboard") == "1" and named(one) in ours
        checks.that(f"{named(one)} is for Grafana, and nobody fills in its variables", selected and not substituted, metadata)
    checks.that(f"{len(files)} dashboards, each as its file", found == files, f"{sorted(found)}, not {sorted(files)}")
    checks.equal("their fixed uids", {f"{one['uid']}.json" for one in found.values()}, set(files))


def check_applied(checks, kit, cluster, title, folder, objects):
    """What is stored is what was applied: no field was dropped, none refused."""
    kubeconfig = cluster.kubeconfig()
    namespace = "app-system" if folder == EXAMPLE else f"kit-{folder.name}"
    if folder != EXAMPLE:
        cluster.call("POST", "/api/v1/namespaces", {"metadata": {"name": namespace}})
    kit.run("apply", "--server-side", "-n", namespace, "-k", folder, kubeconfig=kubeconfig)
    changed = []
    for one in objects:
        kind = one["kind"] + (".monitoring.coreos.com" if "monitoring.coreos.com" in one["apiVersion"] else "")
        name = (kind, one["metadata"]["name"], "-n", namespace, "--output=json")
        stored = json.loads(kit.run("get", *name, kubeconfig=kubeconfig))
        changed += [named(one) for part in ("spec", "data") if not holds(stored.get(part), one.get(part))]
    checks.that(f"{title}: the API server has all {len(objects)} objects as built", not changed, changed)


def holds(stored, applied):
    """Whether all that was applied is there; the API server adds what was left open."""
    if isinstance(applied, dict):
        return isinstance(stored, dict) and all(holds(stored.get(key), value) for key, value in applied.items())
    if isinstance(applied, list):
        return isinstance(stored, list) and len(stored) == len(applied) and all(map(holds, stored, applied))
    return applied is None or stored == applied


def check_refused(checks, kit, cluster):
    """Otherwise the above would pass for anything."""
    misspelt = (BASE / "podmonitor.yaml").read_text().replace("honorLabels:", "honorLabel:")
    try:
        kit.run("apply", "--server-side", "--filename=-", text=misspelt, kubeconfig=cluster.kubeconfig())
        checks.that("a misspelt field is refused", False)
    except Broken as broken:
        checks.that("a misspelt field is refused", "honorLabel" in str(broken), broken)


def check_files(checks, options, folder):
    """Those for a Prometheus without the operator."""
    ask(checks, f"amtool check-config {ALERTMANAGER}", [options.amtool, "check-config", ALERTMANAGER])
    ours = folder / "prometheus.yml"
    ours.write_text(prometheus_config(folder / "targets.json", "127.0.0.1:9093"))
    ask(checks, f"promtool check config {PROMETHEUS}, its pods from a file", [options.promtool, "check", "config", ours])
    done = subprocess.run([options.promtool, "check", "config", PROMETHEUS], capture_output=True, text=True, timeout=60)
    # Debian builds Prometheus without what asks Kubernetes.
    lacks = "field kubernetes_sd_configs not found" in done.stderr
    checks.that("promtool check config, as it is" + " but for what this one lacks" * lacks, lacks or done.returncode == 0, done.stderr)
    checks.that("its pods are asked of Kubernetes", DISCOVERY in PROMETHEUS.read_text())


def ask(checks, what, command):
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=60)
    checks.that(what, done.returncode == 0, done.stdout)


def run(checks, stack, options):
    folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="e2e-deploy-"))).resolve()
    check_files(checks, options, folder)
    kit = Kit(options.kubectl, folder)
    components = sorted(path.parent for path in COMPONENTS.glob("*/kustomization.yaml"))
    folders = {"base": BASE} | {f"base with {one.name}": kit.overlay(one) for one in components} | {"example": EXAMPLE}
    built = {title: kit.build(one) for title, one in folders.items()}
    for title, objects in built.items():
        check_built(checks, title, objects)
    others = {one["kind"] for one in built["base"]} - {"PodMonitor", "PrometheusRule", "ConfigMap"}
    checks.that("the base has nothing but monitor, rules and dashboards", not others, others)

    print("--- applied", flush=True)
    cluster = Cluster(stack, options.assets, folder)
    kit.run("apply", "--server-side", "--filename", KINDS, kubeconfig=cluster.kubeconfig())
    kit.run("wait", "--for=condition=Established", "--timeout=30s", "crd", "--all", kubeconfig=cluster.kubeconfig())
    served = lambda: try_get(cluster, "/apis/monitoring.coreos.com/v1/servicemonitors")
    wait_until("the operator's kinds are served", served, 20, cluster.process)
    for title, objects in built.items():
        check_applied(checks, kit, cluster, title, folders[title], objects)
    check_refused(checks, kit, cluster)


def try_get(cluster, path):
    try:
        return cluster.ask("GET", path)
    except OSError:
        return None


def main():
    return run_checks(run, RUN_LIMIT, arguments(__doc__, "kubectl", "assets", "promtool", "amtool").parse_args())


if __name__ == "__main__":
    sys.exit(main())
