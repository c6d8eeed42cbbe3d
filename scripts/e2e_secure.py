"""Runs `endpoint` behind TLS and Prometheus on loopback, changes the certificates, and asks who was let in.

Started by `e2e-secure`, which finds the programs. Prints a line per check; exit code 1 if one fails.
"""

import http.client
import re
import ssl
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from certificates import Authority, Secret
from checks import arguments, run_checks
from processes import running, wait_until
from prometheus import Prometheus, job

HOST = "metrics.example.com"
RUN_LIMIT = 120  # seconds for everything

READS, ERRORS = "certwatcher_read_certificate_total", "certwatcher_read_certificate_errors_total"


class Stage:
    """The certificates, the server that has them, and the Prometheus that wants to know."""

    def __init__(self, stack, options):
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="e2e-secure-")))
        self.authority, self.clients, stranger = [Authority(folder, name) for name in ("servers", "clients", "strangers")]
        self.shown = self.authority.issue(HOST)
        self.secret = Secret(folder / "mounted", self.texts(self.shown))
        # What Prometheus shows is mounted too, and changes too.
        self.own = Secret(folder / "prometheus", self.clients.issue("prometheus").texts())

        log = folder / "endpoint.log"
        command = [options.endpoint, "--objects", "200", "--tls", str(self.secret.folder), "--reload-interval", "1"]
        # It ends with its standard input.
        self.server = stack.enter_context(running(command, log, stdin=subprocess.PIPE))
        printed = lambda: re.search(r"^https://([0-9.]+):([0-9]+)/metrics$", log.read_text(), re.MULTILINE)
        address = wait_until("endpoint prints its address", printed, 20, self.server)
        self.address = (address[1], int(address[2]))

        trusted = {"ca_file": self.authority.certificate, "server_name": HOST}
        own = {"cert_file": self.own.folder / "tls.crt", "key_file": self.own.folder / "tls.key"}
        foreign = stranger.issue("prometheus")
        self.jobs = {
            "secure": {**trusted, **own},
            "without-certificate": trusted,
            "foreign-certificate": {**trusted, "cert_file": foreign.certificate, "key_file": foreign.key},
            "foreign-authority": {**trusted, **own, "ca_file": stranger.certificate},
            "another-name": {**trusted, **own, "server_name": "example.org"},
            "plain": {},
        }
        more = "".join(job(name, "%s:%d" % self.address, tls) for name, tls in self.jobs.items())
        self.prometheus = Prometheus(stack, options.prometheus, folder, "none", more=more)

    def texts(self, pair):
        return {**pair.texts(), "ca.crt": self.clients.certificate.read_text()}

    def wait_for_scrapes(self, count):
        since = time.time()
        more = lambda: len(self.prometheus.scrapes_of("secure", since)) >= count
        wait_until(f"{count} scrapes", more, 20 + count, self.prometheus.process)

    def value(self, name):
        return self.prometheus.value(f'{name}{{job="secure"}}')

    def shows(self, pair):
        """Whether the server's certificate is this one."""
        return ssl.get_server_certificate(self.address).split() == pair.certificate.read_text().split()


def check_jobs(checks, stage):
    stage.wait_for_scrapes(4)
    checks.equal("objects that the secure job found", stage.prometheus.value('count(gotk_suspend_status{job="secure"})'), 200.0)
    for name in stage.jobs:
        if name != "secure":
            scrapes = stage.prometheus.scrapes_of(name)
            checks.that(f"{name}: refused at each of {len(scrapes)} scrapes", scrapes and not any(scrapes), scrapes)
    codes = {one["metric"]["code"]: float(one["value"][1]) for one in stage.prometheus.query("gotkmetrics_scrapes_total")}
    checks.that(f"no scrape counts that was refused: {codes}", codes["200"] > 0 and sum(codes.values()) == codes["200"])


def check_clients(checks, stage):
    plain = http.client.HTTPConnection(*stage.address, timeout=10)
    plain.request("GET", "/metrics")
    answer = plain.getresponse()
    said = answer.status, answer.read().decode()
    checks.equal("plain HTTP", said, (400, "Client sent an HTTP request to an HTTPS server.\n"))

    # As the kubelet asks: without a certificate, and without looking at that of the server.
    lenient = ssl.create_default_context()
    lenient.check_hostname, lenient.verify_mode = False, ssl.CERT_NONE
    for path, expected in (("/healthz", 200), ("/readyz", 200), ("/metrics", 403)):
        connection = http.client.HTTPSConnection(*stage.address, timeout=10, context=lenient)
        connection.request("GET", path)
        checks.equal(f"{path} for who shows nothing", connection.getresponse().status, expected)

    # Level 0, or openssl itself would refuse the old ones.
    for version, spoken in (("tls1", False), ("tls1_1", False), ("tls1_2", True), ("tls1_3", True)):
        command = ["openssl", "s_client", "-connect", "%s:%d" % stage.address, f"-{version}", "-cipher", "ALL:@SECLEVEL=0"]
        done = subprocess.run(command, input="", text=True, capture_output=True, timeout=20)
        detail = (done.stdout + done.stderr)[-600:]
        # The first is what it is told that says how it would sign, which openssl does not in old versions.
        alert = re.search("alert (protocol version|handshake failure)", done.stderr) is not None
        checks.equal(f"openssl -{version} is served", done.returncode == 0, spoken)
        checks.that(f"openssl -{version} gets {'no alert' if spoken else 'an alert'}", alert != spoken, detail)


def check_rotation(checks, stage):
    reads = stage.value(READS)
    for number in range(3):
        stage.shown = stage.authority.issue(HOST)
        stage.secret.write(stage.texts(stage.shown))
        stage.own.write(stage.clients.issue("prometheus").texts())
        wait_until("the new certificate is shown", lambda: stage.shows(stage.shown), 20, stage.server)
        stage.wait_for_scrapes(2)
    checks.that("the certificate was read again and again", stage.value(READS) >= reads + 3)
    checks.equal("errors while certificates changed", stage.value(ERRORS), 0.0)

    before, broken = stage.shown, stage.authority.issue(HOST)
    stage.secret.write({**stage.texts(broken), "tls.key": before.key.read_text()})
    wait_until("a pair that does not match is counted", lambda: stage.value(ERRORS) > 0, 20, stage.server)
    checks.that("a pair that does not match is counted", True)
    checks.that("what was shown before still is", stage.shows(before))
    stage.wait_for_scrapes(2)

    stage.secret.write(stage.texts(broken))
    wait_until("the repaired pair is shown", lambda: stage.shows(broken), 20, stage.server)
    checks.that("the repaired pair is shown", True)
    stage.wait_for_scrapes(2)
    errors = stage.value(ERRORS)
    stage.wait_for_scrapes(3)
    checks.equal("errors after that", stage.value(ERRORS), errors)


def run(checks, stack, options):
    stage = Stage(stack, options)
    check_jobs(checks, stage)
    check_clients(checks, stage)
    check_rotation(checks, stage)
    scrapes = stage.prometheus.scrapes_of("secure")
    checks.that(f"up at each of {len(scrapes)} scrapes", len(scrapes) > 15 and all(scrapes), scrapes)


def main():
    return run_checks(run, RUN_LIMIT, arguments(__doc__, "endpoint", "prometheus").parse_args())


if __name__ == "__main__":
    sys.exit(main())
