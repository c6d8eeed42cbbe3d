"""Shows the monitoring kit at work on loopback, until it is interrupted.

Started by `monitor`, which finds the programs. Whatever it starts ends with it.
"""

import contextlib
import re
import signal
import sys
import tempfile
import time
from pathlib import Path

import drawing
import monitor_page
from alerting import Alertmanager, Webhook, key
from checks import Broken, arguments
from kit import alertmanager_config, cut_rules, prometheus_config
from processes import running, wait_until
from prometheus import Prometheus, fetch

QUICK = 30
# Not the shipped ones: what one looks at should not be half a minute old.
SCRAPES_EVERY = 5  # seconds
INTERVAL = f"{SCRAPES_EVERY}s"
# Of a dashboard: the last quarter of an hour, drawn anew from time to time.
SHOWN = f"range=900&step={SCRAPES_EVERY}&refresh=20"


class Teller:
    """A line for whoever looks on, once for each change: a group that is told says again what is in it."""

    def __init__(self):
        self.last = {}

    def __call__(self, receiver, alert):
        about, status = (receiver, *key(alert["labels"])), alert["status"]
        if self.last.get(about) != status:
            self.last[about] = status
            # At once: messages come in threads of their own.
            sys.stdout.write(f"{time.strftime('%H:%M:%S')} {receiver} is told: {' '.join(about[1:])} {status}\n")
            sys.stdout.flush()


def start(stack, options, folder):
    """The programs to watch, and what to say of them."""
    factor = QUICK if options.quick else 1
    pages = {}
    webhook = Webhook(stack, Teller(), lambda messages: monitor_page.render(prometheus.url, messages, pages))
    alertmanager = Alertmanager(stack, options.alertmanager, folder, alertmanager_config(webhook.address, factor))
    rules = cut_rules(factor) if options.quick else None
    shape = lambda targets, file: prometheus_config(targets, alertmanager.address, rules and file, INTERVAL)
    prometheus = Prometheus(stack, options.prometheus, folder, "gotk-metrics", rules, shape=shape)
    log = folder / "fleet.log"
    command = [options.fleet, "--commands", "--speed", str(factor), "--listen", "127.0.0.1:0"]
    # Its standard input is ours.
    fleet = stack.enter_context(running(command, log, stdin=None))
    printed = lambda: re.match(r"http://([0-9.:]+)/metrics\n", log.read_text())
    address = wait_until("fleet prints its address", printed, 20, fleet)[1]
    prometheus.scrape({"fleet-0": address})
    drawn = drawing.served(stack, options, folder, prometheus.url)
    pages |= {f"dashboard {name}": f"{drawn}/?dashboard={name}&{SHOWN}" for name in drawing.names()}
    pages |= {
        "what is wrong, who is told": f"http://{webhook.address}/",
        "what the controllers expose": f"http://{address}/metrics",
        "alerts in Prometheus": page(prometheus.url, "/alerts", "/api/v1/alerts"),
        "alerts in Alertmanager": page(f"http://{alertmanager.address}", "/script.js", "/api/v2/alerts"),
    }
    return [fleet, prometheus.process, alertmanager.process], log, pages


def page(url, wanted, without):
    """Debian's programs have no pages for people, but answer with JSON."""
    try:
        fetch(url + wanted)
    except OSError:
        return url + without
    return url + wanted.replace("/script.js", "/#/alerts")


def watch(processes, log):
    """What fleet answers to commands, for as long as everything runs."""
    with open(log) as lines:
        while True:
            for line in lines.readlines():
                if not line.startswith(("http://", "ready ")):
                    print(line, end="", flush=True)
            for process in processes:
                if process.poll() is not None:
                    raise Broken(f"{process.args[0]} ended with exit code {process.returncode}")
            time.sleep(0.3)


def main():
    parser = arguments(__doc__, "fleet", "prometheus", "alertmanager", "modules", "page")
    parser.add_argument("--quick", action="store_true", help=f"all times {QUICK} times as short")
    options = parser.parse_args()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.default_int_handler)
    try:
        with contextlib.ExitStack() as stack:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="monitor-")))
            processes, log, pages = start(stack, options, folder)
            width = max(map(len, pages))
            for what, page in pages.items():
                print(f"{what:{width}}  {page}")
            print("Ctrl-C ends it; until then, try `fail Kustomization flux-system/apps`", flush=True)
            watch(processes, log)
    except KeyboardInterrupt:
        return 0
    except Broken as broken:
        print(f"monitor: {broken}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
