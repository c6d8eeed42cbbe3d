"""Attacks and scrapes the program `endpoint`; started by `run`, which finds the programs.

Prints a line per check and figures below it; exit code 1 if a check fails.
"""

import argparse
import resource
import sys
import tempfile
from pathlib import Path

# What all end-to-end scripts share.
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import attacks
import load
import scrapers
from checks import run_checks

import hostile

LIMIT = 900  # seconds; the long run takes four minutes

PARTS = {
    "slow-headers": attacks.slow_headers,
    "slow-handshakes": attacks.slow_handshakes,
    "few-descriptors": attacks.few_descriptors,
    "abandoned-scrapes": attacks.abandoned_scrapes,
    "kernel-memory": attacks.kernel_memory,
    "slow-readers": attacks.slow_readers,
    "at-once": attacks.at_once,
    "hostile": hostile.parsers,
    "prometheus": scrapers.prometheus,
    "victoria-metrics": scrapers.victoria_metrics,
    "curl": scrapers.curl,
    "wrk": load.wrk,
}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    for program in ("endpoint", "prometheus", "promtool", "victoria-metrics", "wrk"):
        parser.add_argument(f"--{program}", required=True)
    parser.add_argument("--libraries", help="where wrk finds its own")
    parser.add_argument("--short", action="store_true", help="the same in a minute, with fewer peers and smaller bodies")
    parser.add_argument("--objects", type=int, default=10_000, help="how many objects wrk scrapes")
    parser.add_argument("part", nargs="*", help=f"which of {', '.join(PARTS)}; all without it")
    options = parser.parse_args()
    unknown = set(options.part) - set(PARTS)
    if unknown:
        parser.error(f"no part {', '.join(unknown)}; there are {', '.join(PARTS)}")

    # A thousand connections are more than most shells allow.
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 20_000), hard))

    def run(checks, stack):
        options.folder = stack.enter_context(tempfile.TemporaryDirectory())
        for part in options.part or PARTS:
            PARTS[part](checks, options)

    sys.exit(run_checks(run, LIMIT))


if __name__ == "__main__":
    main()
