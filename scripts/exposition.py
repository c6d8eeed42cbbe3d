"""What every exposition must be, whoever printed it: what Python's parsers and promtool say of it, and what
those do not look at.

Text 0.0.4 or OpenMetrics. Reads lines by itself: a parser that forgives would not see what is wrong. Needs the Python
of `prometheus-python`.
"""

import re
import subprocess
from decimal import Decimal

from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_openmetrics
from prometheus_client.parser import text_string_to_metric_families as parse_text

SAMPLE = re.compile(r'([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{((?:[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\\n]|\\[\\n"])*",?)*)\})? (\S+)')
LABEL = re.compile(r'([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\[\\n"])*)"')
PARSERS = {"text": parse_text, "openmetrics": parse_openmetrics}
SUFFIXES = ("_bucket", "_sum", "_count", "_total")


def shortest(bound, openmetrics):
    """A bound as Go prints it: the fewest digits, an exponent of two digits beyond 1e6 and below 1e-4."""
    if bound == float("inf"):
        return "+Inf"
    # repr has the fewest digits, wherever it puts the point.
    number = Decimal(repr(bound)).normalize().as_tuple()
    digits, exponent = "".join(map(str, number.digits)), len(number.digits) + number.exponent - 1
    if bound and not -4 <= exponent < 6:
        point = "." if len(digits) > 1 else ""
        return f"{digits[0]}{point}{digits[1:]}e{'-' if exponent < 0 else '+'}{abs(exponent):02}"
    plain = repr(bound)
    return plain if openmetrics or not plain.endswith(".0") else plain[:-2]


def faults(text):
    """What is wrong with an exposition; nothing if it is as it should be."""
    found, seen, closed, family = [], set(), set(), None
    openmetrics = text.endswith("# EOF\n")
    if text and not text.endswith("\n"):
        found.append("the last line has no end")
    for number, line in enumerate(text.split("\n")[:-1], 1):
        if line.startswith("# TYPE "):
            closed.add(family)
            family = line.split(" ")[2]
            if family in closed:
                found.append(f"line {number}: {family} once more")
        if line.startswith("#"):
            continue
        sample = SAMPLE.fullmatch(line)
        if not sample:
            found.append(f"line {number} is no sample: {line!a:.200}")
            continue
        name, labels, value = sample.groups()
        pairs = LABEL.findall(labels or "")
        names = [label for label, _ in pairs]
        if len(set(names)) != len(names):
            found.append(f"line {number}: a label twice")
        if (labels or "") != ",".join(f'{label}="{text}"' for label, text in pairs):
            found.append(f"line {number}: a comma where none belongs, or none where one does")
        if (key := (name, frozenset(pairs))) in seen:
            found.append(f"line {number} is there twice: {line!a:.200}")
        seen.add(key)
        if family is None or name not in {family, *(family + suffix for suffix in SUFFIXES)}:
            found.append(f"line {number}: {name} under {family}")
        bound = dict(pairs).get("le")
        if name.endswith("_bucket") and (bound is None or bound != shortest(float(bound), openmetrics)):
            found.append(f"line {number}: the bound {bound} is not spelled as in Go")
        try:
            float(value)
        except ValueError:
            found.append(f"line {number}: {value!a} is no number")
    return found


def read_back(text, format_):
    """How many samples Python's parser finds, or why it finds none. It drops one that is there twice in silence."""
    try:
        return sum(len(family.samples) for family in PARSERS[format_](text))
    except Exception as error:  # the parsers raise ValueError, KeyError and IndexError alike
        return repr(error)


def check(checks, text, promtool):
    """All opinions of an exposition. promtool has one of text only."""
    wrong, format_ = faults(text), "openmetrics" if text.endswith("# EOF\n") else "text"
    checks.that(f"{format_}: no series twice, no bound or escape but Go's", text and not wrong, "\n".join(wrong[:10]))
    # Not by `splitlines`, which ends a line at more than a line feed.
    lines = sum(1 for line in text.split("\n") if line and not line.startswith("#"))
    checks.equal(f"{format_}: samples that Python's parser reads", read_back(text, format_), lines)
    if format_ == "text":
        done = subprocess.run([promtool, "check", "metrics"], input=text.encode(), capture_output=True, timeout=60)
        complaint = (done.stdout + done.stderr).decode(errors="replace")
        checks.that("promtool check metrics", done.returncode == 0 and not complaint.strip(), complaint)
