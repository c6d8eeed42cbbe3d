"""A page of what is pending, firing and told, for programs that bring no pages of their own.

Asks Prometheus each time it is loaded, and keeps nothing.
"""

import json
import time
from html import escape

from alerting import key
from prometheus import fetch

PAGE = """<!doctype html>
<meta charset="utf-8"><meta http-equiv="refresh" content="5"><title>gotk-metrics</title>
<style>
body {{ font: 15px sans-serif; margin: 2em }}
table {{ border-collapse: collapse; margin-bottom: 2em }}
td, th {{ border-bottom: 1px solid #ddd; padding: .3em 1em .3em 0; text-align: left; vertical-align: top }}
.firing {{ color: #c00 }} .pending {{ color: #b60 }} .resolved {{ color: #080 }}
</style>
<h1>Who was told</h1>
{told}
<h1>Alerts in Prometheus</h1>
{alerts}
<p>{links}</p>
"""


def table(head, rows):
    """The second of each row is a state, which has a colour."""
    if not rows:
        return "<p>None.</p>"
    cells = lambda row: "".join(f'<td class="{escape(row[1])}">{escape(one)}</td>' for one in row)
    head = "".join(f"<th>{one}</th>" for one in head)
    return f"<table><tr>{head}</tr>{''.join(f'<tr>{cells(row)}</tr>' for row in rows)}</table>"


def about(labels):
    return " ".join(key(labels)[1:])


def render(url, messages, pages):
    """`url` is Prometheus'; the newest of the messages come first."""
    alerts = json.loads(fetch(f"{url}/api/v1/alerts")[2])["data"]["alerts"]
    rows = [(one["labels"]["alertname"], one["state"], about(one["labels"]), one["annotations"]["summary"]) for one in alerts]
    at = lambda seconds: time.strftime("%H:%M:%S", time.localtime(seconds))
    told = [(at(when), one["status"], who, one["annotations"]["summary"]) for when, who, one in reversed(messages[-30:])]
    return PAGE.format(
        alerts=table(("alert", "state", "about", "summary"), sorted(rows)),
        told=table(("at", "state", "who", "summary"), told),
        links=" · ".join(f'<a href="{escape(page)}">{escape(what)}</a>' for what, page in pages.items()),
    )
