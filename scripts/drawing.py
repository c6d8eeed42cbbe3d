"""Draws dashboards as pictures, with Grafana's components in a headless browser.

Started by scripts; what the page says of its errors is what is handed back.
"""

import json
import re
import subprocess
import tempfile
from pathlib import Path

from checks import Broken
from processes import start_on_free_port
from prometheus import fetch

DASHBOARDS = Path("deploy/dashboards")
HERE = Path(__file__).parent / "dashboards"
WIDTH = 1600  # pixels
ROW, HEAD = 38, 72  # as in `page.jsx`: a row of the grid, and what is above it
DRAWN = re.compile(r'"drawn: (\[.*\])", source: ')
COLORS = 128  # more are not seen, and make the file three times as large


def names():
    return sorted(file.stem for file in DASHBOARDS.glob("*.json"))


def served(stack, options, folder, prometheus_url):
    """The address of a page that draws over this Prometheus, for as long as the stack lives."""
    log = folder / "drawing.log"
    command = ["node", HERE / "serve.mjs", options.page, options.modules, DASHBOARDS, prometheus_url]
    listening = lambda port: [*map(str, command), str(port)]
    port, _ = start_on_free_port(stack, listening, log, answers, 20)
    return f"http://127.0.0.1:{port}"


def answers(port):
    try:
        return fetch(f"http://127.0.0.1:{port}/")[0] == 200
    except OSError:
        return False


def picture(address, name, out, end, length, dashboard):
    """Draws one and returns the list of errors that the page has met."""
    height = HEAD + ROW * max(panel["gridPos"]["y"] + panel["gridPos"]["h"] for panel in dashboard["panels"])
    url = f"{address}/?dashboard={name}&to={end}&range={length}&width={WIDTH - 24}"
    with tempfile.TemporaryDirectory(prefix="chromium-") as profile:
        # Of its background services none has anything to do here. Its time runs ahead while nothing is loading.
        command = ["chromium", "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-sync"]
        command += ["--disable-background-networking", "--disable-component-update", "--disable-quic", "--hide-scrollbars"]
        command += [f"--user-data-dir={profile}", f"--window-size={WIDTH},{height}", "--virtual-time-budget=12000"]
        command += ["--enable-logging=stderr", f"--screenshot={out}", url]
        done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    found = DRAWN.search(done.stderr)
    if not found or not out.exists():
        raise Broken(f"{name}: the page was not drawn; the last lines of chromium: {done.stderr[-2000:]}")
    subprocess.run(["pngquant", "--force", "--strip", "--output", out, str(COLORS), out], check=True, timeout=60)
    return json.loads(found[1])
