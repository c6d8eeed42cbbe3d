"""A Prometheus that remembers an hour which `fleet` has simulated.

The hour is always the same one: the same seed and end make the same samples, so what is asked of it has one answer.
"""

import hashlib
import re
import subprocess

from checks import Broken
from prometheus import Prometheus

LENGTH = 3600  # seconds
STEP = 30  # between two scrapes
END = 1_767_614_400  # 12:00 UTC on a day in January
LAST = END - STEP  # the last scrape
WRITES_WITHIN = 120  # seconds
EXPORTED = re.compile(r',exported_namespace="([^"]*)"')
NAMESPACE = re.compile(r'\bnamespace="[^"]*"')
POD, OTHER = "fleet-7d4b9c6f5d-x2x8k", "fleet-7d4b9c6f5d-n4k7q"


def remembering(stack, options, folder, rules=(), objects=120, pods=(POD,)):
    """`rules` are files to load; nothing is scraped, and none is evaluated within the hour. All `pods` show the
    same; the second is scraped with other labels.

    Returns the Prometheus and a digest of what was written.
    """
    history = folder / "history.om"
    fleet = [options.fleet, "--backfill", f"{LENGTH // 60}m", "--until", str(END), "--objects", str(objects)]
    with open(history, "wb") as output:
        subprocess.run(fleet, stdout=output, check=True, timeout=WRITES_WITHIN)
    with open(history, "rb") as written:
        digest = hashlib.file_digest(written, "sha256").hexdigest()
    for pod in pods:
        written = folder / f"{pod}.om"
        with open(history) as lines, open(written, "w") as output:
            output.writelines(line if pod == POD else honoured(line).replace(POD, pod) for line in lines)
        command = [options.promtool, "tsdb", "create-blocks-from", "openmetrics", written, folder / "data"]
        done = subprocess.run(command, capture_output=True, text=True, timeout=WRITES_WITHIN)
        if done.returncode:
            raise Broken(f"promtool: {done.stdout}{done.stderr}")
        written.unlink()
    history.unlink()
    # A series ends without a marker here: what is older than two scrapes is gone. And the hour is long ago.
    flags = [f"--query.lookback-delta={2 * STEP}s", "--storage.tsdb.retention.time=100y"]
    files = "".join(f"  - {file.resolve()}\n" for file in rules)
    shape = lambda *_: f"rule_files:\n{files}" if files else "global: {}\n"
    prometheus = Prometheus(stack, options.prometheus, folder, "none", shape=shape, flags=flags)
    return prometheus, digest


def honoured(line):
    """The same sample, if it had been scraped with `honorLabels: true`."""
    own = EXPORTED.search(line)
    if not own or line.startswith("gotk_resource_info"):
        return line
    return NAMESPACE.sub(f'namespace="{own[1]}"', line.replace(own[0], ""), count=1)


def at_the_end(prometheus, expression):
    """Value by labels."""
    result = prometheus.query(expression, time=LAST)
    return {tuple(sorted(one["metric"].items())): one["value"][1] for one in result}


def ever(prometheus, expression):
    """Every value that the expression had in the hour."""
    during = {"path": "query_range", "start": END - LENGTH, "end": LAST, "step": STEP}
    return [float(value) for one in prometheus.query(expression, **during) for _, value in one["values"]]
