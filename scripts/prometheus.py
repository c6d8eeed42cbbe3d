"""A Prometheus on loopback: starts it and asks it.

Objects are (kind, namespace, name), where namespace is the object's own.
"""

import gzip
import json
import urllib.error
import urllib.parse
import urllib.request

from checks import Broken
from processes import running, start_on_free_port, wait_until

# Flux's own alert, to the letter.
ALERT = (
    'max(gotk_reconcile_condition{status="False",type="Ready"}) by (namespace, name, kind)'
    " + on(namespace, name, kind)"
    ' (max(gotk_reconcile_condition{status="Deleted"}) by (namespace, name, kind)) * 2 == 1'
)

# namespace, not exported_namespace: the alert tells objects of one name apart. Objects of cluster scope keep the target's.
CONFIG = """
global: {{ scrape_interval: 1s, scrape_timeout: 1s, evaluation_interval: 1s }}
rule_files: [{rules}]
scrape_configs:
  - job_name: {job}
    tls_config: {{ insecure_skip_verify: true }}
    file_sd_configs:
      - {{ files: ["{targets}"], refresh_interval: 1s }}
    metric_relabel_configs:
      - source_labels: [__name__, exported_namespace]
        regex: gotk_.*;(.+)
        target_label: namespace
        replacement: $1
"""

# Another job, with one target.
JOB = """
  - job_name: {name}
    scheme: {scheme}
    static_configs: [{{ targets: ["{address}"] }}]
"""


def job(name, address, tls=None, token=None):
    """The text of a job: `tls` is what is known of certificates, `token` the file of what is sent."""
    text = JOB.format(name=name, address=address, scheme="https" if tls else "http")
    if tls:
        text += "    tls_config:\n" + "".join(f'      {key}: "{value}"\n' for key, value in tls.items())
    if token:
        text += f"    authorization: {{ type: Bearer, credentials_file: {token} }}\n"
    return text


def fetch(url, headers=None):
    """Status, headers and body; gzip is undone."""
    request = urllib.request.Request(url, headers=headers or {})
    with urllib.request.urlopen(request, timeout=10) as response:
        body = response.read()
        if response.headers.get("Content-Encoding") == "gzip":
            body = gzip.decompress(body)
        return response.status, response.headers, body.decode()


def as_object(labels):
    return labels["kind"], labels["namespace"], labels["name"]


def as_kubernetes(**told):
    """Labels, as Kubernetes tells Prometheus of a pod with our port."""
    told |= {"pod_container_port_name": "http-prom", "pod_container_name": "controller", "pod_phase": "Running"}
    return {f"__meta_kubernetes_{name}": value for name, value in told.items()}


class Prometheus:
    def __init__(self, stack, program, folder, job, rules=None, *, more="", shape=None, flags=()):
        """Scrapes `job`'s targets, of which there are none yet, every second; `rules` is the text of a rule file, `more`
        that of other jobs.

        `shape` makes another configuration out of the paths of the targets and of the rules.
        """
        self.job, self.targets = job, folder / "targets.json"
        config, rule_file = folder / "prometheus.yml", folder / "rules.yml"
        if rules:
            rule_file.write_text(rules)
        shape = shape or (lambda *files: self.simple(rules, *files))
        config.write_text(shape(self.targets, rule_file) + more)
        command = [program, f"--config.file={config}", f"--storage.tsdb.path={folder / 'data'}", "--log.level=warn", *flags]
        self.stack, self.folder = stack, folder
        self.listening = lambda port: [*command, f"--web.listen-address=127.0.0.1:{port}"]
        log = folder / "prometheus.log"
        self.port, self.process = start_on_free_port(stack, self.listening, log, self.is_ready, 30)
        self.url = f"http://127.0.0.1:{self.port}"

    def kill(self):
        self.process.kill()
        self.process.wait()

    def restart(self):
        """Where it was, with what it had stored."""
        log = self.folder / "prometheus-again.log"
        self.process = self.stack.enter_context(running(self.listening(self.port), log))
        wait_until("Prometheus is back", lambda: self.is_ready(self.port), 60, self.process)

    def simple(self, rules, targets, rule_file):
        return CONFIG.format(job=self.job, targets=targets, rules=f'"{rule_file}"' if rules else "")

    @staticmethod
    def is_ready(port):
        try:
            return fetch(f"http://127.0.0.1:{port}/-/ready")[0] == 200
        except OSError:  # not listening yet, or not ready, which is an HTTPError
            return False

    def scrape(self, addresses, scheme="http"):
        """From now on, these targets: address by pod."""
        own = {"namespace": "controllers", "__scheme__": scheme}
        labels = lambda pod: own | {"pod": pod} | as_kubernetes(namespace="controllers", pod_name=pod)
        partial = self.targets.with_suffix(".partial")
        targets = [{"targets": [one], "labels": labels(pod)} for pod, one in addresses.items()]
        partial.write_text(json.dumps(targets))
        partial.rename(self.targets)

    def query(self, expression, path="query", **parameters):
        parameters = urllib.parse.urlencode({"query": expression, **parameters})
        try:
            answer = json.loads(fetch(f"{self.url}/api/v1/{path}?{parameters}")[2])
        except urllib.error.HTTPError as error:
            raise Broken(f"query {expression}: {error.read().decode()}") from error
        return answer["data"]["result"]

    def value(self, expression, default=None):
        """The only value of the expression; `default` if there is none."""
        result = self.query(expression)
        if len(result) > 1 or (not result and default is None):
            raise Broken(f"query {expression}: {len(result)} results")
        return float(result[0]["value"][1]) if result else default

    def objects(self, expression):
        return {as_object(one["metric"]) for one in self.query(expression)}

    def scrapes_of(self, job, since=0.0):
        """`up` of each scrape of a job's only target."""
        [series] = self.query(f'up{{job="{job}"}}[10m]') or [{"values": []}]
        return [float(up) for at, up in series["values"] if float(at) > since]

    def scrapes(self, pod, within="10m"):
        """Time and `up` of each scrape."""
        [series] = self.query(f'up{{job="{self.job}",pod="{pod}"}}[{within}]') or [{"values": []}]
        return [(float(at), float(up)) for at, up in series["values"]]
