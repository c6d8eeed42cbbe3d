"""What real scrapers make of the endpoint: Prometheus, VictoriaMetrics, curl.

Both formats, compressed, hostile labels included.
"""

import json
import subprocess
import time
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path

from common import Endpoint, fetch, wait_until
from hostile import expected
from processes import free_port, running

CONFIG = """
global: {{ scrape_interval: 1s, scrape_timeout: 1s }}
scrape_configs:
  - job_name: endpoint
    honor_labels: true
    static_configs: [ {{ targets: ["{target}"] }} ]
"""
BUCKET = "gotkmetrics_scrape_duration_seconds_bucket"


class Store:
    """A database that scrapes, and answers queries as Prometheus does."""

    def __init__(self, url):
        self.url = url

    def query(self, expression):
        parameters = urllib.parse.urlencode({"query": expression, "nocache": "1"})
        try:
            with urllib.request.urlopen(f"{self.url}/api/v1/query?{parameters}", timeout=10) as response:
                return json.loads(response.read())["data"]["result"]
        except OSError:
            # Not listening yet, or not ready.
            return []

    def value(self, expression):
        result = self.query(expression)
        return float(result[0]["value"][1]) if result else None


def objects(store):
    found = store.query("gotk_suspend_status")
    # A label without a value is none.
    return {tuple(one["metric"].get(label, "") for label in ("kind", "name", "namespace")) for one in found}


def scraped_by(checks, options, name, command, openmetrics, folder):
    """Starts the scraper, waits for a few scrapes and compares what it stored."""
    flags = ("--openmetrics",) if openmetrics else ()
    with Endpoint(options.endpoint, "--hostile", "--objects", "200", *flags) as endpoint:
        target = "%s:%d" % endpoint.address
        config = folder / "scrape.yml"
        config.write_text(CONFIG.format(target=target))
        port = free_port()
        log = folder / "scraper.log"
        with running(command(config, f"127.0.0.1:{port}", folder / "data"), log):
            store = Store(f"http://127.0.0.1:{port}")
            scrapes = "gotkmetrics_scrapes_total{code=\"200\"}"
            enough = wait_until(lambda: (store.value(scrapes) or 0) >= 4, 40)
            checks.that(f"{name}: four scrapes", enough, log.read_text(errors="replace")[-2000:])
            up = store.value("min_over_time(up[5m])")
            checks.that(f"{name}: up all the time", up == 1.0, up)
            size, count = len(fetch(endpoint.address)[2]), sum(1 for _ in lines(endpoint))
            # Some databases say nothing about it.
            stored = store.value("scrape_samples_scraped")
            checks.that(f"{name}: {count} samples in a scrape", stored == count, stored)
            hostile = {one for one in objects(store) if one[0] != "Kustomization"}
            truth = expected(endpoint.truth)
            checks.that(f"{name}: {len(truth)} objects with hostile labels", hostile == truth, hostile ^ truth)
            bounds = {one["metric"]["le"] for one in store.query(BUCKET)}
            sent = "1.0" if openmetrics else "1"
            checks.that(f"{name}: bounds as {'OpenMetrics' if openmetrics else 'text'} has them", sent in bounds, bounds)
            bytes_each = store.value(f"sum(increase(gotkmetrics_scrape_bytes_total[5m])) / sum(increase({scrapes}[5m]))")
            checks.that(f"{name}: compressed", bytes_each and bytes_each < size / 4, f"{bytes_each} of {size}")


def lines(endpoint):
    text = fetch(endpoint.address)[2].decode()
    return (line for line in text.split("\n") if line and not line.startswith("#"))


def prometheus_command(options):
    def command(config, address, data):
        return [
            options.prometheus,
            f"--config.file={config}",
            f"--storage.tsdb.path={data}",
            f"--web.listen-address={address}",
            "--log.level=warn",
        ]

    return command


def prometheus(checks, options):
    print("--- Prometheus")
    command = prometheus_command(options)
    for openmetrics in (False, True):
        folder = Path(options.folder) / f"prometheus-{openmetrics}"
        folder.mkdir()
        name = f"Prometheus, {'OpenMetrics' if openmetrics else 'text'}"
        scraped_by(checks, options, name, command, openmetrics, folder)


def victoria_metrics(checks, options):
    print("--- VictoriaMetrics")

    def command(config, address, data):
        return [
            options.victoria_metrics,
            f"-promscrape.config={config}",
            f"-storageDataPath={data}",
            f"-httpListenAddr={address}",
            "-search.latencyOffset=0s",
            "-retentionPeriod=1d",
            "-memory.allowedBytes=200MB",
            "-loggerLevel=WARN",
        ]

    folder = Path(options.folder) / "victoria-metrics"
    folder.mkdir()
    scraped_by(checks, options, "VictoriaMetrics", command, False, folder)


def curl(checks, options):
    print("--- curl")
    with Endpoint(options.endpoint, "--objects", "2000") as endpoint:

        def run(*more):
            command = ["curl", "--silent", "--show-error", "--fail", "--max-time", "30", *more]
            return subprocess.run(command, capture_output=True, timeout=60)

        # The families of scrapes differ from one scrape to the next.
        url = f"{endpoint.url}?name[]=gotk_reconcile_condition"
        plain = run("--globoff", url)
        compressed = run("--globoff", "--compressed", url)
        checks.that("curl reads it", plain.returncode == 0 and len(plain.stdout) > 100_000, plain.stderr)
        checks.that("curl --compressed reads the same", compressed.stdout == plain.stdout, compressed.stderr)
        size = run("--globoff", "--compressed", "--output", "/dev/null", "--write-out", "%{size_download}", url)
        size = int(size.stdout)
        checks.that("it was compressed", 0 < size < len(plain.stdout) / 4, size)
        checks.figure(f"{len(plain.stdout)} bytes, compressed {size}: {len(plain.stdout) / max(1, size):.0f} times smaller")
        head = run("--head", endpoint.url)
        checks.that("curl --head", b"text/plain; version=0.0.4" in head.stdout, head.stdout)
        encoded = run("--get", "--data-urlencode", "name[]=gotk_reconcile_condition", endpoint.url)
        checks.that("curl selects with an encoded name", encoded.stdout == plain.stdout, encoded.stderr)
