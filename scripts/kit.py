"""The monitoring kit in `deploy`, as programs on loopback load it.

Nothing here reads YAML: a line is replaced by another, and one that is not there exactly once is an error.
"""

import re
from pathlib import Path

from checks import Broken

PROMETHEUS = Path("deploy/prometheus/prometheus.yml")
ALERTMANAGER = Path("deploy/prometheus/alertmanager.yml")
DISCOVERY = "  kubernetes_sd_configs:\n  - role: pod\n"
SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


def replaced(text, old, new):
    if text.count(old) != 1:
        raise Broken(f"`{old}` is there {text.count(old)} times")
    return text.replace(old, new)


def prometheus_config(targets, alertmanager, rules=None, interval=None):
    """The shipped one, but for where targets and Alertmanager are found; its rules, or the file `rules` instead."""
    config = PROMETHEUS.read_text()
    config = replaced(config, DISCOVERY, f'  file_sd_configs:\n  - files: ["{targets}"]\n    refresh_interval: 1s\n')
    config = replaced(config, "targets: [alertmanager:9093]", f'targets: ["{alertmanager}"]')
    for file in rule_files():
        config = replaced(config, f"- ../rules/{file.name}\n", "" if rules else f"- {file.resolve()}\n")
    if rules:
        config = replaced(config, "rule_files:\n", f"rule_files:\n- {rules}\n")
    if interval:
        config = replaced(config, "scrape_interval: 30s", f"scrape_interval: {interval}")
        config = replaced(config, "evaluation_interval: 30s", f"evaluation_interval: {interval}")
    return config


def rule_files():
    """Those that the shipped Prometheus loads."""
    folder = PROMETHEUS.parent
    return [folder / file for file in re.findall(r"^- (\.\./rules/\S+)$", PROMETHEUS.read_text(), re.MULTILINE)]


def cut_rules(factor):
    """Those rules as one file, with all times divided by `factor`; none gets shorter than what a few scrapes need."""
    rules = [file.read_text() for file in rule_files()]
    groups = "".join(re.split(r"^groups:\n", text, flags=re.MULTILINE)[1] for text in rules)
    times = lambda least: lambda found: f"{found[1]}{cut(found[2], factor, least)}{found[3]}"
    # A scrape or two may fail on a busy machine.
    groups = re.sub(r"^( +for: )(\w+)()$", times(4), groups, flags=re.MULTILINE)
    groups = re.sub(r"^( +keep_firing_for: )(\w+)()$", times(2), groups, flags=re.MULTILINE)
    groups = re.sub(r"(\[)(\w+)(\])", times(8), groups)
    return "groups:\n" + re.sub(r"^( +\) > )(1800)()$", lambda found: f"{found[1]}{1800 // factor}", groups, flags=re.MULTILINE)


def cut(duration, factor, least):
    amount, unit = re.fullmatch(r"(\d+)([smhd])", duration).groups()
    return f"{max(round(int(amount) * SECONDS[unit] / factor), least)}s"


def alertmanager_config(webhook, factor=1):
    """The shipped one with its messages to `webhook`, an address, and its waits divided."""
    config = ALERTMANAGER.read_text().replace("localhost:9095", webhook)
    waits = lambda found: f"{found[1]}{cut(found[2], factor, 2)}"
    if factor != 1:
        config = re.sub(r"^( +(?:group_wait|group_interval): )(\w+)$", waits, config, flags=re.MULTILINE)
    return config
