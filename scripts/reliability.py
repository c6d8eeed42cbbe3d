"""The goals R1 to R17, R23 and R24, the soak and the faults: how each is measured, and the table of what came out.

Started by `reliability`. A goal that could not be measured has failed.
"""

import argparse
import re
import subprocess
import sys
import tomllib
from pathlib import Path

LIMIT = 7200  # seconds; for one goal

GOALS = {
    "R1": "no label injection: every exposition parses back to what went in",
    "R2": "valid exposition: hostile labels, both formats, judged by others",
    "R3": "no torn condition: one Ready state of each object in every scrape",
    "R4": "coherent histogram: buckets never decrease, +Inf is the count",
    "R5": "a scrape holds up no recording: p99 10 us, create and delete 100 us",
    "R6": "no deadlock: no call over a second",
    "R7": "panic and cancel: every attempt accounted for",
    "R8": "no leak: no series left, resident memory at most 1.05 times",
    "R9": "bounded cardinality: the cap holds, every refusal is counted",
    "R10": "bounded labels: none over its cap, all UTF-8",
    "R11": "slow-loris: none held, honest scrapes answered",
    "R12": "slow readers: none held, honest scrapes answered",
    "R13": "concurrent scrapes: less than two bodies of memory",
    "R14": "hostile HTTP: refused as it should be, server alive",
    "R15": "set-up errors: an error that names the input, no panic",
    "R16": "no unsafe, no panic path",
    "R17": "supply chain: cargo-deny, no openssl, protobuf, h2",
    "R23": "a record depends on its own source alone: random histories equal a model",
    "R24": "no torn line of gotk_resource_info under three scrapers",
    "soak": "20 000 objects for twenty minutes: memory flat, no scrape lost, no series of what is gone",
    "faults": "killed and restarted twenty times: shown is what is, and nothing comes back",
}
# Stages of their own have these in CI.
NOT_SHORT = {"R2", "R11", "R12", "R13", "R14", "soak", "faults"}
BY_PROGRAM = {"R3", "R4", "R5", "R6", "R7", "R8", "R9", "R10", "R15"}
BY_ENDPOINT = {"R2": "hostile", "R11": "slow-headers", "R12": "slow-readers", "R13": "at-once"}
# What they print that is worth a word, beside how many checks passed.
BY_SCRIPT = {"soak": r"memory of the last quarter is [\d.]+|no scrape of \d+ failed", "faults": r"\d+ steps of churn.*"}
# Lints that keep panics out of what is not a test.
PANICS = ("unwrap_used", "expect_used", "panic", "indexing_slicing")
UNWANTED = ("openssl", "openssl-sys", "native-tls", "protobuf", "prost", "h2")


def ran(*command):
    """Whether it succeeded, and all that it printed."""
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace", timeout=LIMIT)
    return done.returncode == 0, done.stdout


def last_line(text):
    return next((line for line in reversed(text.splitlines()) if line.strip()), "printed nothing")


def by_program(goal, options):
    flags = ["--short"] if options.short else ["--times"]
    _, out = ran(str(options.programs / "reliability"), goal, *flags)
    for line in out.splitlines():
        if line.startswith(f"{goal}\t"):
            _, verdict, figure = line.split("\t")
            return verdict == "pass", figure
    return False, last_line(out)


def fuzzed(options):
    count = 20_000 if options.short else 10_000_000
    passed, out = ran(str(options.programs / "storm"), "operations", str(count))
    return passed, last_line(out)


def histories(options):
    """Random histories, and storms of sources that begin and end."""
    program = str(options.programs / "histories")
    passed, out = ran(program, *(("--seconds", "60") if options.short else ("--steps", "1000000")))
    calm, storm = ran(program, "--storms", "10" if options.short else "120")
    return passed and calm, f"{last_line(out)}; {last_line(storm)}"


def flips(options):
    passed, out = ran(str(options.programs / "histories"), "--flips", "5" if options.short else "60")
    return passed, last_line(out)


def by_endpoint(goal, _options):
    passed, out = ran("scripts/endpoint/run", BY_ENDPOINT[goal])
    return passed, last_line(out)


def by_script(goal, _options):
    passed, out = ran(f"scripts/{goal}")
    return passed, "; ".join([*re.findall(BY_SCRIPT[goal], out), last_line(out)])


def hostile_http(_options):
    command = ("cargo", "test", "-p", "gotk-metrics", "--no-default-features", "--features", "server", "--test", "server", "hostile")
    passed, out = ran(*command)
    found = re.search(r"test result: .*? (\d+ passed; \d+ failed)", out)
    return passed and found is not None, found[1] if found else last_line(out)


def no_panic(_options):
    lints = tomllib.loads(Path("Cargo.toml").read_text())["lints"]
    forbidden = lints["rust"]["unsafe_code"] == "forbid"
    warned = [lint for lint in PANICS if lints["clippy"].get(lint) in ("warn", "deny", "forbid")]
    passed, out = ran("cargo", "clippy", "--quiet", "-p", "gotk-metrics", "--all-features", "--lib", "--", "-D", "warnings")
    reasons = ran("git", "grep", "-hcE", r"^ *clippy::(unwrap_used|expect_used|panic|indexing_slicing),", "--", "src")[1]
    exceptions = sum(map(int, reasons.split()))
    figure = f"unsafe code forbidden, {len(warned)} lints against panics, {exceptions} exceptions with a reason"
    return passed and forbidden and len(warned) == len(PANICS), figure if passed else last_line(out)


def supply_chain(_options):
    passed, out = ran("cargo", "tree", "-p", "gotk-metrics", "-e", "normal", "--prefix", "none", "--format", "{p}")
    names = {line.split()[0] for line in out.splitlines() if line}
    unwanted = sorted(names & set(UNWANTED))
    denied, said = ran("bash", ".ci/stages", "deny")
    figure = f"{len(names)} packages by default, unwanted: {', '.join(unwanted) or 'none'}; {last_line(said)}"
    return passed and denied and not unwanted, figure


def measured(goal, options):
    if goal in BY_PROGRAM:
        return by_program(goal, options)
    if goal in BY_ENDPOINT:
        return by_endpoint(goal, options)
    if goal in BY_SCRIPT:
        return by_script(goal, options)
    functions = {"R1": fuzzed, "R14": hostile_http, "R16": no_panic, "R17": supply_chain, "R23": histories, "R24": flips}
    return functions[goal](options)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--programs", type=Path, required=True)
    parser.add_argument("--short", action="store_true")
    parser.add_argument("goal", nargs="*")
    options = parser.parse_args()
    if unknown := set(options.goal) - set(GOALS):
        parser.error(f"no goal {', '.join(unknown)}; there are {', '.join(GOALS)}")
    chosen = options.goal or [goal for goal in GOALS if not (options.short and goal in NOT_SHORT)]
    failed = 0
    # A row as soon as it is there: the whole takes long.
    print("| id | goal | measured | |\n|---|---|---|---|", flush=True)
    for goal in chosen:
        try:
            passed, figure = measured(goal, options)
        except (OSError, subprocess.SubprocessError, ValueError) as error:
            passed, figure = False, str(error)
        failed += not passed
        print(f"| {goal} | {GOALS[goal]} | {figure} | {'pass' if passed else 'FAIL'} |", flush=True)
    print(f"{len(chosen) - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
