"""Scrapes back to back, by `wrk`, while a controller is at work.

Fails on errors; how long things took is printed, since the machine is not ours alone.
"""

import os
import re
import subprocess

from common import Endpoint


def wrk(checks, options):
    """R5 over HTTP, and that no scrape fails."""
    print("--- wrk: back to back while recording")
    seconds = 5 if options.short else 30
    environment = dict(os.environ, LD_LIBRARY_PATH=options.libraries) if options.libraries else None
    for name, headers in (("plain", ()), ("gzip", ("-H", "Accept-Encoding: gzip"))):
        with Endpoint(options.endpoint, "--objects", str(options.objects), "--records") as endpoint:
            command = [options.wrk, "-t1", "-c2", f"-d{seconds}s", "--timeout", "30s", "--latency", *headers, endpoint.url]
            done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=seconds + 60)
            work = endpoint.end()
        out = done.stdout
        scrapes = int((re.search(r"(\d+) requests in", out) or [0, 0])[1])
        errors = re.findall(r"(?:Socket errors|Non-2xx).*", out)
        checks.that(f"{name}: {scrapes} scrapes of {options.objects} objects, no error", scrapes and not errors, out + done.stderr)
        rate = re.search(r"Requests/sec:\s+(\S+)", out)
        p99 = re.search(r"99%\s+(\S+)", out)
        checks.figure(f"{rate and rate[1]} a second, p99 {p99 and p99[1]}")
        for what, took in (work or {}).items():
            checks.figure(
                f"{what}: {took['count']} of them, p50 {took['p50']:.2f} us, p99 {took['p99']:.2f} us,"
                f" p99.9 {took['p999']:.1f} us, max {took['max'] / 1e3:.1f} ms"
            )
        checks.that(f"{name}: recording went on", work and work["record"]["count"] > 0)
