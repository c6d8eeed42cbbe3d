"""R2: an exposition of hostile labels, judged by parsers that others wrote.

Each must read back exactly what was recorded, cut off where Kubernetes would have.
"""

import gzip

import exposition
from common import Endpoint, fetch
from prometheus_client.openmetrics import parser as openmetrics
from prometheus_client.parser import text_string_to_metric_families

OPENMETRICS = "application/openmetrics-text"
CAPS = (63, 253, 253)


def cut(value, size):
    """The longest prefix of whole characters that fits."""
    return value.encode()[:size].decode(errors="ignore")


def expected(truth):
    return {tuple(cut(part, cap) for part, cap in zip(one, CAPS)) for one in truth}


def read_back(families):
    found, lines = set(), 0
    for family in families:
        for sample in family.samples:
            lines += 1
            if family.name == "gotk_suspend_status":
                labels = sample.labels
                found.add((labels["kind"], labels["name"], labels["namespace"]))
    return found, lines


def parsers(checks, options):
    print("--- R2: hostile labels, parsers")
    with Endpoint(options.endpoint, "--hostile", "--openmetrics") as endpoint:
        truth = expected(endpoint.truth)
        formats = {
            "OpenMetrics": ({"Accept": OPENMETRICS}, openmetrics.text_string_to_metric_families),
            "text 0.0.4": ({}, text_string_to_metric_families),
        }
        for name, (headers, parse) in formats.items():
            _, sent, body = fetch(endpoint.address, headers=headers | {"Accept-Encoding": "gzip"})
            text = gzip.decompress(body).decode()
            checks.that(f"{name}: asked for and sent", (OPENMETRICS in sent["Content-Type"]) == bool(headers))
            try:
                found, lines = read_back(parse(text))
                # Not by `splitlines`, which ends a line at more than a line feed.
                count = sum(1 for line in text.split("\n") if line and not line.startswith("#"))
                checks.that(f"{name}: {lines} samples read back", lines == count, count)
                checks.that(f"{name}: {len(truth)} objects as recorded", found == truth, found ^ truth)
            except ValueError as error:
                checks.that(f"{name}: Python's parser reads it", False, error)
        text = fetch(endpoint.address)[2]
        exposition.check(checks, text.decode(), options.promtool)
