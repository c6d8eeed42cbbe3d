"""Starts `monitor` as a user does, asks each page that it prints, and ends it with Ctrl-C.

Prints a line per check; exit code 1 if one fails.
"""

import json
import os
import re
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import drawing
from checks import run_checks
from processes import running, wait_until
from prometheus import fetch

RUN_LIMIT = 300  # seconds for everything
STARTS_WITHIN = 120  # seconds; a busy machine needs some to see that nothing is to be built
LAST_LINE = "Ctrl-C ends it"
OURS, METRICS, ALERTS, ALERTMANAGER = TOLD = (
    "what is wrong, who is told",
    "what the controllers expose",
    "alerts in Prometheus",
    "alerts in Alertmanager",
)
PAGES = {*TOLD, *(f"dashboard {name}" for name in drawing.names())}


def of_session(number):
    """The commands of all processes of a session."""
    found = []
    for status in Path("/proc").glob("[0-9]*/stat"):
        try:
            # After the name, which may hold anything: state, parent, group, session.
            fields = status.read_text().rpartition(")")[2].split()
            if int(fields[3]) == number and fields[0] != "Z":
                found.append(status.with_name("cmdline").read_text().replace("\0", " "))
        except OSError:  # it has ended meanwhile
            pass
    return found


def check_pages(checks, pages, process):
    checks.equal("pages", set(pages), PAGES)
    for what, page in pages.items():
        checks.equal(f"{what}: {page}", fetch(page)[0], 200)
    checks.that("the controllers expose objects", "gotk_reconcile_condition{" in fetch(pages[METRICS])[2])
    origin = lambda page: re.match(r"http://[^/]+", page)[0]
    prometheus = origin(pages[ALERTS])
    ask = lambda path: json.loads(fetch(f"{prometheus}/api/v1/{path}")[2])["data"]
    files = {Path(group["file"]).name for group in ask("rules")["groups"]}
    checks.equal("rules that Prometheus has", files, {"gotk-metrics.yml", "flux-seed.yml"})
    health = lambda: [one["health"] for one in ask("targets")["activeTargets"]] == ["up"]
    checks.that("it scrapes the controllers", wait_until("the target is up", health, 30, process))
    found = {origin(one["url"]) for one in ask("alertmanagers")["activeAlertmanagers"]}
    checks.equal("Alertmanagers that it tells", found, {origin(pages[ALERTMANAGER])})


def check_command(checks, process, log, page):
    process.stdin.write(b"fail Kustomization flux-system/apps\n")
    process.stdin.flush()
    answered = lambda: "fail Kustomization flux-system/apps: 1 objects" in log.read_text()
    checks.that("a command reaches the fleet", wait_until("the fleet answers", answered, 10, process))
    # The rules as shipped have it pending at once, and firing only after a quarter of an hour.
    shown = lambda: re.search(r"Kustomization flux-system apps</td>", fetch(page)[2])
    checks.that("its alert is on the page", wait_until("the alert is pending", shown, 60, process))


def run(checks, stack):
    log = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="e2e-monitor-"))) / "monitor.log"
    # In a session of its own, as in a terminal of its own.
    command = ["scripts/monitor"]
    process = stack.enter_context(running(command, log, stdin=subprocess.PIPE, start_new_session=True))
    wait_until("everything runs", lambda: LAST_LINE in log.read_text(), STARTS_WITHIN, process)
    pages = dict(re.findall(r"^(\S.*?) +(http://\S+)$", log.read_text(), re.MULTILINE))
    check_pages(checks, pages, process)
    check_command(checks, process, log, pages[OURS])
    programs = of_session(process.pid)
    # Itself, fleet, Prometheus, Alertmanager, and what draws the dashboards.
    checks.that(f"{len(programs)} programs run", len(programs) == 5, programs)
    # A terminal sends it to all of them.
    os.killpg(process.pid, signal.SIGINT)
    process.wait(20)
    checks.equal("exit code after Ctrl-C", process.returncode, 0)
    left = of_session(process.pid)
    checks.that("nothing is left running", not left, left)
    answers = []
    for page in pages.values():
        try:
            fetch(page)
            answers.append(page)
        except OSError:
            pass
    checks.that("no page answers", not answers, answers)


if __name__ == "__main__":
    sys.exit(run_checks(run, RUN_LIMIT))
