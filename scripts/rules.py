"""Writes the PrometheusRule objects from `deploy/rules`, or checks that they are that, and runs promtool on it all.

Started by `rules`, which finds promtool. A rule file goes into its object line by line: nothing here reads YAML, so that
neither a comment nor what is for Prometheus to expand can get lost.
"""

import argparse
import difflib
import json
import subprocess
import tempfile
from pathlib import Path

from checks import run_checks

RULES = Path("deploy/rules")
RUNBOOK = Path("docs/runbook.md")
TESTS = [*sorted(Path("tests/monitoring").glob("*.yml")), Path("tests/fixtures/promtool/tests.yml")]
RUN_LIMIT = 300  # seconds

# Each file that is applied, and the rule files that are in it, an object each.
OBJECTS = {
    "deploy/base/prometheusrule.yaml": ["gotk-metrics", "flux-seed"],
    "deploy/components/controller-expected/prometheusrule.yaml": ["controller-expected"],
    "deploy/components/controller-idle/prometheusrule.yaml": ["controller-idle"],
}

NAME = "gotk-metrics"

# Labels: whose it is, what it is for, and the Helm release of the Prometheus that is to load it; that of
# kube-prometheus-stack loads no rules without the last one, unless it is told to.
OBJECT = """\
# Written by `scripts/rules --write` from {source}. Change that.
apiVersion: monitoring.coreos.com/v1
kind: PrometheusRule
metadata:
  name: {name}
  labels:
    app.kubernetes.io/part-of: gotk-metrics
    app.kubernetes.io/component: monitoring
    release: kube-prometheus-stack
spec:
"""


def manifest(sources):
    return "---\n".join(prometheus_rule(source) for source in sources)


def prometheus_rule(source):
    path = RULES / f"{source}.yml"
    lines = path.read_text().splitlines()
    # What is said before is about the file.
    lines = lines[lines.index("groups:") :]
    name = source if source == NAME else f"{NAME}-{source}"
    head = OBJECT.format(source=path, name=name)
    return head + "".join(f"  {line}\n" if line else "\n" for line in lines)


def write():
    for file, sources in OBJECTS.items():
        Path(file).parent.mkdir(parents=True, exist_ok=True)
        Path(file).write_text(manifest(sources))
        print(file)


def check(checks, promtool):
    sources = sorted(path.stem for path in RULES.glob("*.yml"))
    checks.equal("rule files in objects", sorted(sum(OBJECTS.values(), [])), sources)
    for file, sources in OBJECTS.items():
        written, expected = Path(file).read_text(), manifest(sources)
        checks.that(f"{file} is what `scripts/rules --write` gives", written == expected, unequal(written, expected))
    for path in sorted(RULES.glob("*.yml")):
        ask(checks, f"promtool check rules {path}", [promtool, "check", "rules", "--lint-fatal", path])
    with tempfile.TemporaryDirectory(prefix="rules-") as folder:
        queries = Path(folder) / "runbook.yml"
        queries.write_text(json.dumps({"groups": [{"name": "runbook", "rules": runbook()}]}))
        ask(checks, f"promtool check rules, of the queries in {RUNBOOK}", [promtool, "check", "rules", queries])
    for path in TESTS:
        ask(checks, f"promtool test rules {path}", [promtool, "test", "rules", path])


def runbook():
    """Each query of the runbook as a rule, of which promtool says whether it is one."""
    blocks = RUNBOOK.read_text().split("```promql\n")[1:]
    queries = [query for block in blocks for query in block.split("```")[0].split("\n\n")]
    return [{"record": f"runbook:{number}", "expr": query} for number, query in enumerate(queries)]


def unequal(written, expected):
    return "\n".join(difflib.unified_diff(written.splitlines(), expected.splitlines(), "there", "expected", lineterm="", n=1))


def ask(checks, what, command):
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=RUN_LIMIT)
    checks.that(what, done.returncode == 0, done.stdout)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true")
    parser.add_argument("--promtool", default="promtool")
    options = parser.parse_args()
    if options.write:
        return write()
    return run_checks(lambda checks, _stack: check(checks, options.promtool), RUN_LIMIT)


if __name__ == "__main__":
    raise SystemExit(main())
