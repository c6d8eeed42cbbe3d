"""What readers of gzip make of the bodies that `Gzip::Direct` writes.

Each reads it in its own way, and strictly: the whole body is one member, and it is the plain text.
"""

import gzip
import html
import re
import subprocess
import zlib
from pathlib import Path

from common import Endpoint, fetch
from scrapers import prometheus_command, scraped_by

# What the server says of its own scrapes differs from one to the next.
FAMILIES = ("gotk_reconcile_condition", "gotk_reconcile_duration_seconds", "gotk_suspend_status", "controller_runtime_reconcile_total")
TARGET = "/metrics?" + "&".join(f"name[]={family}" for family in FAMILIES)


def direct(checks, options):
    print("--- direct")
    for openmetrics in (False, True):
        folder = Path(options.folder) / f"direct-{openmetrics}"
        folder.mkdir()
        name = f"direct, {'OpenMetrics' if openmetrics else 'text'}"
        flags = ("--openmetrics",) if openmetrics else ()
        with Endpoint(options.endpoint, "--direct", "--hostile", "--objects", "3000", *flags) as endpoint:
            readers(checks, name, endpoint, openmetrics, folder)
        folder = folder / "prometheus"
        folder.mkdir()
        scraped_by(checks, options, f"Prometheus, {name}", prometheus_command(options), openmetrics, folder, "--direct")
    # Without hostile values: it takes minutes to lay such a page out.
    with Endpoint(options.endpoint, "--direct", "--objects", "2000") as endpoint:
        chromium(checks, options, endpoint, Path(options.folder) / "chromium")


def readers(checks, name, endpoint, openmetrics, folder):
    accept = {"Accept": "application/openmetrics-text"} if openmetrics else {}
    plain = fetch(endpoint.address, TARGET, accept)[2]
    _, headers, body = fetch(endpoint.address, TARGET, accept | {"Accept-Encoding": "gzip"})
    checks.that(f"{name}: compressed", headers["Content-Encoding"] == "gzip" and 0 < len(body) < len(plain) / 10, len(body))
    checks.figure(f"{len(plain)} bytes, compressed {len(body)}: {len(plain) / max(1, len(body)):.1f} times smaller")

    stream = zlib.decompressobj(31)
    # In pieces, so that a reader has to go on in the middle of everything.
    text = b"".join(stream.decompress(body[at : at + 997]) for at in range(0, len(body), 997))
    checks.that(f"{name}: zlib reads it to its end", stream.eof and not stream.unused_data and not stream.unconsumed_tail)
    checks.that(f"{name}: and it is the text", text == plain)
    checks.that(f"{name}: Python's gzip reads the text", gzip.decompress(body) == plain)

    file = folder / "body.gz"
    file.write_bytes(body)
    tested = subprocess.run(["gzip", "-t", file], capture_output=True, timeout=60)
    checks.that(f"{name}: gzip -t", tested.returncode == 0 and not tested.stderr, tested.stderr)
    unpacked = subprocess.run(["gzip", "-dc", file], capture_output=True, timeout=60)
    checks.that(f"{name}: gzip -d", unpacked.stdout == plain, unpacked.stderr)

    command = ["curl", "--silent", "--show-error", "--fail", "--max-time", "30", "--globoff", "--compressed"]
    command += [part for key, value in accept.items() for part in ("--header", f"{key}: {value}")]
    url = "http://%s:%d%s" % (*endpoint.address, TARGET)
    read = subprocess.run([*command, url], capture_output=True, timeout=60)
    checks.that(f"{name}: curl --compressed", read.stdout == plain, read.stderr)


def chromium(checks, options, endpoint, profile):
    url = "http://%s:%d/metrics?name[]=gotk_suspend_status" % endpoint.address
    command = [options.chromium, "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", f"--user-data-dir={profile}"]
    page = subprocess.run([*command, "--dump-dom", url], capture_output=True, timeout=120).stdout.decode(errors="replace")
    shown = html.unescape(re.sub(r"<[^>]*>", "", page)).strip().splitlines()
    expected = fetch(endpoint.address, "/metrics?name[]=gotk_suspend_status")[2].decode().splitlines()
    checks.that(f"direct: Chromium shows {len(expected)} lines", len(expected) > 2000 and shown == expected, page[:300])
