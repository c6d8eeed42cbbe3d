"""What the end-to-end scripts have in common: which programs they are given, and what they say, which is a line per
check and then how many passed, within a limit of time.

Knows nothing of what is checked.
"""

import argparse
import contextlib
import signal

SHOWN = 10  # differences printed of each check


class Broken(Exception):
    """Nothing can be checked from here on."""


class Checks:
    def __init__(self):
        self.passed = self.failed = 0

    def that(self, what, holds, detail=""):
        if holds:
            self.passed += 1
            print(f"OK    {what}", flush=True)
        else:
            self.failed += 1
            print(f"FAIL  {what}", flush=True)
            if detail:
                print("      " + str(detail).replace("\n", "\n      "), flush=True)

    def figure(self, what):
        """Printed, and never fails."""
        print(f"      {what}", flush=True)

    def equal(self, what, actual, expected):
        self.that(f"{what}: {brief(expected)}", actual == expected, difference(actual, expected))


def brief(value):
    return value if isinstance(value, (int, float, str)) else f"{len(value)} of them"


def difference(actual, expected):
    if isinstance(actual, dict) and isinstance(expected, dict):
        actual, expected = set(actual.items()), set(expected.items())
    if not (isinstance(actual, set) and isinstance(expected, set)):
        return f"got {actual}, expected {expected}"
    lines = [f"missing  {one}" for one in sorted(expected - actual, key=str)]
    lines += [f"too many {one}" for one in sorted(actual - expected, key=str)]
    more = [f"and {len(lines) - SHOWN} more"] if len(lines) > SHOWN else []
    return "\n".join(lines[:SHOWN] + more)


def stop(number, _frame):
    raise Broken("took too long" if number == signal.SIGALRM else f"signal {number}")


def arguments(doc, *programs):
    """A parser of a script's command line: the path of each program that it needs, and what the script adds."""
    parser = argparse.ArgumentParser(description=doc.splitlines()[0])
    for program in programs:
        parser.add_argument(f"--{program}", required=True)
    return parser


def run_checks(run, seconds, *given):
    """Calls `run` with the checks, an ExitStack for what it starts, and `given`; returns the exit code."""
    # So that the processes are ended, and the run is bounded, whatever happens.
    for number in (signal.SIGALRM, signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
        signal.signal(number, stop)
    signal.alarm(seconds)
    checks = Checks()
    try:
        with contextlib.ExitStack() as stack:
            run(checks, stack, *given)
    except Broken as broken:
        checks.that(broken, False)
    print(f"{checks.passed} passed, {checks.failed} failed")
    return 1 if checks.failed else 0
