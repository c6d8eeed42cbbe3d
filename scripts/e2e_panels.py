"""Asks every expression of the dashboards and of the rules of a real Prometheus, and draws the dashboards.

Started by `e2e-panels`, which finds the programs. Prints a line per expression; exit code 1 if one has no data.
"""

import json
import math
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import drawing
from certificates import Authority, Secret
from checks import arguments, run_checks
from history import LAST, LENGTH, OTHER, POD, STEP, at_the_end, ever, remembering
from kube.world import World
from prometheus import fetch

RULES = Path("deploy/rules")
IMAGES = Path("docs/images")
RUN_LIMIT = 400  # seconds for everything
PATIENCE = 90  # until the last expression has data on the API server
LEASE = 60
LARGEST = 300_000  # bytes of a picture

# What Grafana fills in, for all of them chosen.
BUILTIN = {"__rate_interval": f"{4 * STEP}s", "__interval": f"{STEP}s", "__range": f"{LENGTH}s", "__range_s": str(LENGTH)}

# No longer in Grafana, or on their way out of it.
DEPRECATED = {"graph", "singlestat", "table-old", "grafana-piechart-panel", "grafana-worldmap-panel"}


def filled(expression, dashboard, **chosen):
    # What is shown where nothing is found is no finding.
    expression = expression.removesuffix(" or vector(0)")
    values = BUILTIN | {variable["name"]: ".*" for variable in dashboard["templating"]["list"]} | chosen
    return re.sub(r"\$(\w+)", lambda found: values.get(found[1], found[0]), expression)


def asked_by(dashboard, **chosen):
    """The expressions of variables and panels, with who asks."""
    for variable in dashboard["templating"]["list"]:
        if variable["type"] == "query":
            text = variable["query"]["query"]
            if label := re.fullmatch(r"label_values\((.*), (\w+)\)", text):
                text = f"group by ({label[2]}) ({label[1]})"
            else:
                text = re.fullmatch(r"query_result\((.*)\)", text)[1]
            yield f"variable {variable['name']}", filled(text, dashboard)
    for panel in dashboard["panels"]:
        for target in panel.get("targets", []):
            yield f"{panel['title']} {target['refId']}", filled(target["expr"], dashboard, **chosen)


def check_shape(checks, name, dashboard):
    """What a reader of a panel needs, and what Grafana would quietly do otherwise."""
    panels = [panel for panel in dashboard["panels"] if panel["type"] != "row"]
    lacking = [panel["title"] for panel in panels if not panel["description"] or not panel["fieldConfig"]["defaults"]["noValue"]]
    checks.that(f"{name}: each of {len(panels)} panels says what it shows, and what nothing means", not lacking, lacking)
    old = [panel["title"] for panel in panels if panel["type"] in DEPRECATED]
    checks.that(f"{name}: no panel of a type that is deprecated", not old, old)
    checks.equal(f"{name}: uid", dashboard["uid"], f"gotk-metrics-{name}")
    places = [panel["gridPos"] for panel in dashboard["panels"]]
    cells = [(x, y) for g in places for x in range(g["x"], g["x"] + g["w"]) for y in range(g["y"], g["y"] + g["h"])]
    checks.that(f"{name}: no panel covers another", len(cells) == len(set(cells)))


# What these alert on, a forbidden list and a flood of scrapes, does not happen here. That their expression without its
# threshold has data shows that names and labels are right; the threshold is tested by promtool.
QUIET = ("GotkSourceWaiting", "GotkScrapesRejected")


def rules_of(prometheus):
    """Alert and expression of every rule that Prometheus has loaded, of a quiet one without its threshold."""
    groups = json.loads(fetch(f"{prometheus.url}/api/v1/rules")[2])["data"]["groups"]
    rules = [(rule["name"], rule["query"]) for group in groups for rule in group["rules"]]
    return [(name, query.removesuffix(" > 0") if name in QUIET else query) for name, query in rules]


def check_expressions(checks, prometheus, expressions):
    """Those that had no data in the hour."""
    waiting = []
    for who, expression in expressions:
        if any(not math.isnan(value) for value in ever(prometheus, expression)):
            checks.that(f"{who}: {brief(expression)}", True)
        else:
            waiting.append((who, expression))
    return waiting


def brief(expression):
    text = re.sub(r"\s+", " ", expression)
    return text if len(text) <= 200 else f"{text[:197]}..."


def check_on_cluster(checks, stack, options, folder, waiting):
    """The others, of the example controller: its certificate breaks, and its API server dies."""
    print(f"--- not in the hour: {', '.join(who for who, _ in waiting)}", flush=True)
    world = World(checks, stack, options, folder)
    authority = Authority(folder, "servers")
    secret = Secret(folder / "mounted", authority.issue("metrics.example.com").texts())
    world.replicas[0].start(LEASE, secret=secret.folder)
    world.scrape(world.replicas[0])
    world.create("shop", "web")
    world.eventually("Ready of what was created", world.ready, {("shop", "web"): "True"})
    secret.write({**authority.texts(), "tls.key": ""})
    world.cluster.kill()
    end = time.monotonic() + PATIENCE
    expressions = list(waiting)
    while waiting and time.monotonic() < end:
        waiting = [one for one in waiting if not world.prometheus.query(one[1])]
        time.sleep(0.5 if waiting else 0)
    for who, expression in expressions:
        checks.that(f"{who}: {brief(expression)}", (who, expression) not in waiting, "no data")


def check_two_pods(checks, stack, options, folder, prometheus, before, dashboard):
    """Objects that two pods show are no more objects, however they are scraped. What pods do adds up: no rates here."""
    folder.mkdir()
    twice, digest = remembering(stack, options, folder, pods=(POD, OTHER))
    checks.equal("digest of an hour that is written again", digest, before)
    checks.equal("pods that show the same", len(at_the_end(twice, "up")), 2)
    for namespace in (".*", "team-search"):
        for who, expression in asked_by(dashboard, namespace=namespace):
            if "rate(" not in expression and "increase(" not in expression and not who.startswith("variable"):
                one, two = (at_the_end(which, expression) for which in (prometheus, twice))
                detail = f"{len(one)} and {len(two)} of {expression}"
                checks.that(f"{who}: the same for two pods, namespace {namespace}", one == two, detail)
    objects = next(panel["targets"][0]["expr"] for panel in dashboard["panels"] if panel["title"] == "Objects")
    counts = [float(*at_the_end(twice, filled(objects, dashboard, namespace=one)).values()) for one in ("team-search", ".*")]
    checks.that("a namespace that is chosen has %d of %d objects" % tuple(counts), 0 < counts[0] < counts[1])


def check_pictures(checks, stack, options, folder, prometheus, dashboards):
    address = drawing.served(stack, options, folder, prometheus.url)
    for name, dashboard in dashboards.items():
        out = folder / f"{name}-dashboard.png"
        errors = drawing.picture(address, name, out, LAST, LENGTH, dashboard)
        checks.that(f"{name}: drawn without errors", not errors, "\n".join(errors))
        size = out.stat().st_size
        checks.that(f"{name}: {size} bytes of picture", 50_000 < size < LARGEST, f"not between 50000 and {LARGEST}")
        if options.write:
            IMAGES.mkdir(parents=True, exist_ok=True)
            shutil.copy(out, IMAGES)


def check_types(checks, options):
    """Against Grafana's own types: the TypeScript compiler finds what has a wrong one."""
    command = ["node", "scripts/dashboards/types.mjs", options.modules, str(drawing.DASHBOARDS)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    checks.that("the dashboards are what @grafana/schema says", done.returncode == 0, done.stdout + done.stderr)


def run(checks, stack, options):
    folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="e2e-panels-")))
    dashboards = {name: json.loads((drawing.DASHBOARDS / f"{name}.json").read_text()) for name in drawing.names()}
    check_types(checks, options)
    remembered = folder / "hour"
    remembered.mkdir()
    prometheus, digest = remembering(stack, options, remembered, sorted(RULES.glob("*.yml")))
    waiting = []
    for name, dashboard in dashboards.items():
        print(f"--- {name}", flush=True)
        check_shape(checks, name, dashboard)
        waiting += check_expressions(checks, prometheus, asked_by(dashboard))
    print("--- rules", flush=True)
    waiting += check_expressions(checks, prometheus, rules_of(prometheus))
    print("--- two pods", flush=True)
    check_two_pods(checks, stack, options, folder / "twice", prometheus, digest, dashboards["fleet"])
    print("--- pictures", flush=True)
    check_pictures(checks, stack, options, folder, prometheus, dashboards)
    if waiting:
        check_on_cluster(checks, stack, options, folder, waiting)


def main():
    parser = arguments(__doc__, "fleet", "prometheus", "promtool", "controller", "assets", "modules", "page")
    parser.add_argument("--write", action="store_true", help=f"keep the pictures in {IMAGES}")
    return run_checks(run, RUN_LIMIT, parser.parse_args())


if __name__ == "__main__":
    sys.exit(main())
