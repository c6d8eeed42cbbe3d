"""Judges `replay`: on random scripts it must print what Go's library prints, byte for byte.

Each output is also parsed with prometheus_client and compared with a model, so that a
mistake shared with the oracle, or a text that no parser reads back, shows as well.
"""

import argparse
import difflib
import multiprocessing
import os
import re
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

# What all end-to-end scripts share.
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import exposition
import model
import scripts

TIMEOUT = 60  # seconds; a run takes milliseconds, the million some seconds
BAD_SHARE = 20  # one script of so many has a bad line
SHOWN = 3  # failures explained in full
SHRINK_RUNS = 600
DIFF_LINES = 60


@dataclass(frozen=True)
class Failure:
    kind: str
    detail: str


@dataclass(frozen=True)
class Programs:
    replay: str
    oracle: str


def execute(program, script):
    """Exit code, stdout and stderr; bytes, so that nothing on the way touches a line end."""
    try:
        done = subprocess.run([program, *script.flags()], input=script.text().encode(),
                              capture_output=True, timeout=TIMEOUT)
    except subprocess.TimeoutExpired:
        return None, b"", b"no end after %d s" % TIMEOUT
    return done.returncode, done.stdout, done.stderr


def judge(programs, script):
    """None, or the first thing wrong with replay on this script."""
    code, expected, stderr = execute(programs.oracle, script)
    if code != 0:
        return Failure("oracle", f"exit code {code}: {stderr.decode(errors='replace')}")
    code, actual, stderr = execute(programs.replay, script)
    if code != 0:
        return Failure("exit", f"exit code {code}: {stderr.decode(errors='replace')}")
    if actual != expected:
        return Failure("stdout", f"{side_of_model(script, actual, expected)}\n{diff(expected, actual)}")
    return judge_meaning(script, actual)


def side_of_model(script, actual, expected):
    right = [name for name, text in (("oracle", expected), ("replay", actual)) if judge_meaning(script, text) is None]
    return f"the model, which leaves order and spelling to Go, agrees with: {' and '.join(right) or 'neither'}"


def printable(text):
    """ASCII, with `xxxxxxxxxx` as `x<*10>`: values near a cap are long and dull."""
    return re.sub(r"(.{1,10}?)\1{7,}", lambda run: f"{run[1]}<*{len(run[0]) // len(run[1])}>", ascii(text)[1:-1])


def diff(expected, actual):
    before, after = ([printable(line) for line in text.decode(errors="surrogateescape").split("\n")]
                     for text in (expected, actual))
    lines = list(difflib.unified_diff(before, after, "oracle", "replay", n=1, lineterm=""))
    rest = len(lines) - DIFF_LINES
    return "\n".join(lines[:DIFF_LINES] + [f"... {rest} more lines"] * (rest > 0))


def judge_meaning(script, output):
    """Parses every print of an output and compares it with the model.

    Quirks of prometheus_client 0.26, all of them of the strict OpenMetrics parser:
    - It drops a sample that repeats the one before it in silence. Here a repeated line
      shifts the following lines, and the count of lines notices.
    - It refuses a histogram with a sum and a negative bound, which Go prints without a
      word. Durations are never negative, so scripts have no such bounds.
    """
    try:
        text = output.decode()
    except UnicodeDecodeError as error:
        return Failure("utf-8", str(error))
    lines = text.split("\n")  # not splitlines: NEL and others are no line ends here
    if lines.pop() != "":
        return Failure("lines", "the last line has no end")
    for number, (format_, families) in enumerate(script.prints(), 1):
        count = model.line_count(format_, families)
        exposition = "".join(line + "\n" for line in lines[:count])
        lines = lines[count:]
        failure = judge_exposition(format_, exposition, families)
        if failure:
            return Failure(failure.kind, f"print {number} ({format_}): {failure.detail}\n{exposition!a:.4000}")
    if lines:
        return Failure("lines", f"{len(lines)} lines too many")
    return None


def judge_exposition(format_, text, expected):
    if wrong := exposition.faults(text):
        return Failure("spelling", wrong[0])
    try:
        families = list(exposition.PARSERS[format_](text))
    except Exception as error:  # the parsers raise ValueError, KeyError and IndexError alike
        return Failure(f"{format_} parser", repr(error))
    if [family.name for family in families] != list(expected):
        return Failure("model", f"families: {[family.name for family in families]}")
    for family in families:
        if (family.type, family.documentation) != model.FAMILIES[family.name]:
            return Failure("model", f"metadata of {family.name}: {family.type}, {family.documentation!a}")
        parsed = {model.sample_id(s.name, s.labels): float(s.value) for s in family.samples}
        if len(parsed) != len(family.samples):
            return Failure("model", f"{family.name} repeats a sample")
        if any(s.timestamp is not None or s.exemplar is not None for s in family.samples):
            return Failure("model", f"{family.name} has a timestamp or exemplar")
        if parsed != expected[family.name]:
            wrong = parsed.items() ^ expected[family.name].items()
            return Failure("model", "only parsed or only expected: " + ascii(sorted(wrong, key=repr)[:4]))
    return None


def judge_bad_line(programs, script, line):
    """Both must refuse the line with code 2; replay must say which line."""
    code, _, stderr = execute(programs.oracle, script)
    if code != 2:
        return Failure("oracle", f"exit code {code} on bad line {line}")
    code, _, stderr = execute(programs.replay, script)
    if code != 2 or not re.search(rb"\b%d\b" % line, stderr):
        return Failure("bad line", f"line {line}: exit code {code}, stderr {stderr!a}")
    return None


def judge_seed(task):
    programs, seed = task
    try:
        if seed % BAD_SHARE == 0:
            return seed, judge_bad_line(programs, *scripts.bad_script(seed))
        return seed, judge(programs, scripts.random_script(seed))
    except Exception as error:  # name the seed: a trace from a pool does not
        return seed, Failure("judge", repr(error))


def shrink(programs, script, kind):
    """Removes lines, in ever smaller blocks, as long as the same kind of failure stays."""
    runs = 0
    block = max(1, len(script.statements) // 2)
    while runs < SHRINK_RUNS:
        start, removed = 0, False
        while start < len(script.statements) and runs < SHRINK_RUNS:
            shorter = script.without(start, start + block)
            runs += 1
            failure = judge(programs, shorter)
            if failure and failure.kind == kind:
                script, removed = shorter, True
            else:
                start += block
        if block == 1 and not removed:
            break
        block = max(1, block // 2)
    return script


def explain(programs, seed, failure, keep):
    print(f"seed {seed}: {failure.kind} (again: --seed {seed} --count 1)")
    script, line = scripts.bad_script(seed) if seed % BAD_SHARE == 0 else (scripts.random_script(seed), None)
    if line is None and failure.kind != "judge":
        script = shrink(programs, script, failure.kind)
        failure = judge(programs, script) or failure
    keep.mkdir(parents=True, exist_ok=True)
    path = keep / f"{seed}.script"
    path.write_bytes(script.text().encode())
    print(f"flags {script.flags()}, script in {path}, here as Python would quote it:")
    for text in script.lines() if line is None else script.lines()[line - 1:line]:
        print("  " + " <TAB> ".join(map(printable, text.split("\t"))))
    print(failure.detail)


def arguments():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--replay", required=True)
    parser.add_argument("--oracle", required=True)
    parser.add_argument("--count", type=int, default=1000, help="random scripts (default 1000)")
    parser.add_argument("--seed", type=int, default=1, help="seed of the first script; the others follow (default 1)")
    parser.add_argument("--no-million", action="store_true", help="skip the one long script")
    parser.add_argument("--keep", type=Path, default=Path("failures"), help="where failing scripts are written")
    return parser.parse_args()


def main():
    options = arguments()
    programs = Programs(options.replay, options.oracle)
    started = time.monotonic()
    tasks = [(programs, options.seed + i) for i in range(options.count)]
    with multiprocessing.Pool(os.cpu_count()) as pool:
        million = None if options.no_million else pool.apply_async(judge, (programs, scripts.million_script()))
        failures = [(seed, failure) for seed, failure in pool.imap(judge_seed, tasks, chunksize=4) if failure]
        long_failure = million and million.get()
    for seed, failure in failures[:SHOWN]:
        explain(programs, seed, failure, options.keep)
    if len(failures) > SHOWN:
        print("also failed:", *(f"{seed} ({failure.kind})" for seed, failure in failures[SHOWN:]))
    if long_failure:
        print(f"the million script: {long_failure.kind}: {long_failure.detail:.4000}")
    failed = len(failures) + bool(long_failure)
    total = options.count + (not options.no_million)
    print(f"{time.monotonic() - started:.1f} s")
    print(f"{total - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
