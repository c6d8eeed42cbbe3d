"""What all checks of the endpoint share: the program, requests, an honest scraper.

Every process is ended by who started it, whatever happens, and everything listens on loopback.
"""

import contextlib
import http.client
import json
import re
import ssl
import subprocess
import threading
import time
from pathlib import Path
from urllib.parse import urlsplit

LONG = 60  # seconds; what takes longer hangs


class Endpoint:
    """The program `endpoint` at work; it ends with its standard input."""

    def __init__(self, program, *options, descriptors=20_000):
        # As few file descriptors as the system of a user may grant.
        command = ["bash", "-c", f'ulimit -n {descriptors} && exec "$0" "$@"', program, *options]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, encoding="utf-8")
        self.truth = None
        # Whoever it is: attackers come without knowing it.
        self.context = unverified() if "--tls" in options else None
        # A program that serves nothing has ended, and closed its output.
        for line in self.process.stdout:
            if line.startswith(("http://", "https://")):
                self.url = line.strip()
                self.address = (urlsplit(self.url).hostname, urlsplit(self.url).port)
                return
            self.truth = json.loads(line)
        raise RuntimeError(f"{program} {options} ended with {self.process.wait()}")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.end()

    def end(self):
        """What it says of its work, if it did any."""
        if self.process.poll() is None:
            try:
                out, _ = self.process.communicate(timeout=LONG)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
                raise
            return json.loads(out) if out else None
        return None

    def alive(self):
        return self.process.poll() is None

    def sockets(self):
        """How many connections it holds, the listener included."""
        folder = Path(f"/proc/{self.process.pid}/fd")
        count = 0
        for one in folder.iterdir():
            with contextlib.suppress(OSError):
                count += one.readlink().name.startswith("socket:")
        return count

    def memory(self, which):
        """VmRSS or VmHWM, in bytes."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(rf"{which}:\s+(\d+) kB", status)[1]) * 1024

    def threads(self):
        return len(list(Path(f"/proc/{self.process.pid}/task").iterdir()))

    def forget_peak(self):
        Path(f"/proc/{self.process.pid}/clear_refs").write_text("5")


def unverified():
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context


def fetch(address, target="/metrics", headers=None, method="GET", context=None, source=None):
    """Status, headers and body, as they came; over TLS with a context for it, from the address `source`."""
    source = source and (source, 0)
    if context:
        connection = http.client.HTTPSConnection(*address, timeout=LONG, context=context, source_address=source)
    else:
        connection = http.client.HTTPConnection(*address, timeout=LONG, source_address=source)
    try:
        connection.request(method, target, headers=headers or {})
        response = connection.getresponse()
        return response.status, response.headers, response.read()
    finally:
        connection.close()


def samples(text):
    return [line for line in text.splitlines() if line and not line.startswith("#")]


def wait_until(condition, seconds):
    """What `condition` returns once it is true, or the last it returned."""
    end = time.monotonic() + seconds
    while not (found := condition()) and time.monotonic() < end:
        time.sleep(0.1)
    return found


class Honest(threading.Thread):
    """A scraper that means well: one whole scrape after the other, every `interval` seconds.

    From another address than the attackers, as each address has its share of the places.
    """

    SOURCE = "127.0.0.2"

    def __init__(self, address, interval, context=None):
        super().__init__(daemon=True)
        self.address, self.interval, self.context = address, interval, context
        self.took, self.failures = [], []
        self.stopped = threading.Event()

    def run(self):
        while not self.stopped.is_set():
            start = time.monotonic()
            try:
                # A body that breaks off raises.
                status, _, body = fetch(self.address, context=self.context, source=self.SOURCE)
                if status != 200 or not body:
                    self.failures.append(f"status {status}, {len(body)} bytes")
            except (OSError, http.client.HTTPException) as error:
                self.failures.append(repr(error))
            self.took.append(time.monotonic() - start)
            self.stopped.wait(self.interval)

    def stop(self):
        self.stopped.set()
        self.join(LONG)

    def summary(self):
        took = sorted(self.took)
        p99 = took[(len(took) - 1) * 99 // 100]
        return f"{len(took)} honest scrapes, p50 {took[len(took) // 2] * 1e3:.1f} ms, p99 {p99 * 1e3:.1f} ms"


def mib(size):
    return f"{size / (1 << 20):.1f} MiB"
