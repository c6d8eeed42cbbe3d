"""R2: an exposition of hostile labels, judged by parsers that others wrote.

Each must read back exactly what was recorded, cut off where Kubernetes would have.
"""

import gzip

import exposition
from common import Endpoint, fetch

OPENMETRICS = "application/openmetrics-text"
CAPS = (63, 253, 253)


def cut(value, size):
    """The longest prefix of whole characters that fits."""
    return value.encode()[:size].decode(errors="ignore")


def expected(truth):
    return {tuple(cut(part, cap) for part, cap in zip(one, CAPS)) for one in truth}


def read_back(families):
    suspended = (family for family in families if family.name == "gotk_suspend_status")
    labels = [sample.labels for family in suspended for sample in family.samples]
    return {(one["kind"], one["name"], one["namespace"]) for one in labels}


def parsers(checks, options):
    print("--- R2: hostile labels, parsers")
    with Endpoint(options.endpoint, "--hostile", "--openmetrics") as endpoint:
        truth = expected(endpoint.truth)
        for name, headers in {"openmetrics": {"Accept": OPENMETRICS}, "text": {}}.items():
            _, sent, body = fetch(endpoint.address, headers=headers | {"Accept-Encoding": "gzip"})
            text = gzip.decompress(body).decode()
            checks.that(f"{name}: asked for and sent", (OPENMETRICS in sent["Content-Type"]) == bool(headers))
            exposition.check(checks, text, options.promtool)
            try:
                found = read_back(exposition.PARSERS[name](text))
                checks.that(f"{name}: {len(truth)} objects as recorded", found == truth, found ^ truth)
            except ValueError as error:
                checks.that(f"{name}: Python's parser reads it", False, error)
