"""A real API server and its etcd on loopback, for as long as somebody needs them.

Nothing is fixed: ports, keys and tokens are new each time, and everything is ended by the id it was started with.
`run` calls this with a command; a script that wants to kill the API server imports it.
"""

import argparse
import base64
import contextlib
import json
import os
import re
import secrets
import signal
import ssl
import subprocess
import sys
import tempfile
import urllib.error
import urllib.request
from pathlib import Path

from checks import Broken
from processes import running, start_on_free_port, wait_until

ADMIN = "admin"
STARTS_WITHIN = 90  # seconds; a busy machine needs some for a first start

# Where the API server has what the manifests here declare; True: in a namespace.
PLACES = {
    "Namespace": ("api/v1", "namespaces", False),
    "ServiceAccount": ("api/v1", "serviceaccounts", True),
    "Deployment": ("apis/apps/v1", "deployments", True),
    "Role": ("apis/rbac.authorization.k8s.io/v1", "roles", True),
    "RoleBinding": ("apis/rbac.authorization.k8s.io/v1", "rolebindings", True),
    "ClusterRole": ("apis/rbac.authorization.k8s.io/v1", "clusterroles", False),
    "ClusterRoleBinding": ("apis/rbac.authorization.k8s.io/v1", "clusterrolebindings", False),
    "CustomResourceDefinition": ("apis/apiextensions.k8s.io/v1", "customresourcedefinitions", False),
}

KUBECONFIG = """
apiVersion: v1
kind: Config
clusters: [{{name: c, cluster: {{server: "{url}", certificate-authority: "{ca}"}}}}]
users: [{{name: u, user: {{token: "{token}"}}}}]
contexts: [{{name: c, context: {{cluster: c, user: u}}}}]
current-context: c
"""


class Cluster:
    """Whoever is in `users` may do what RBAC says of their name; `ADMIN` may do everything."""

    def __init__(self, stack, assets, folder, users=(), **options):
        self.stack, self.assets, self.folder = stack, Path(assets), folder
        self.pki = folder / "pki"
        self.pki.mkdir()
        for command in ("genrsa -out sa.key 2048", "rsa -in sa.key -pubout -out sa.pub"):
            subprocess.run(["openssl", *command.split()], cwd=self.pki, check=True, capture_output=True, timeout=60)
        self.tokens = {user: secrets.token_hex(16) for user in (ADMIN, *users)}
        rows = [f'{token},{user},{user},"{group(user)}"\n' for user, token in self.tokens.items()]
        (folder / "tokens.csv").write_text("".join(rows))
        start = lambda *what: start_on_free_port(stack, *what, STARTS_WITHIN, **options)
        self.etcd, self.etcd_process = start(self.etcd_command, folder / "etcd.log", self.etcd_is_ready)
        self.port, self.process = start(self.command, folder / "apiserver.log", self.is_ready)

    def etcd_command(self, port):
        url = f"http://127.0.0.1:{port}"
        # Nobody is to join it, so any port will do for that.
        command = [self.assets / "etcd", "--data-dir", self.folder / "etcd", "--listen-peer-urls", "http://127.0.0.1:0"]
        command += ["--listen-client-urls", url, "--advertise-client-urls", url]
        return [str(one) for one in [*command, "--unsafe-no-fsync", "--log-level", "warn"]]

    @staticmethod
    def etcd_is_ready(port):
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=5) as response:
                return response.status == 200
        except OSError:
            return False

    def command(self, port):
        issuer = f"https://127.0.0.1:{port}"
        command = [f"{self.assets / 'kube-apiserver'}", f"--etcd-servers=http://127.0.0.1:{self.etcd}"]
        command += ["--bind-address=127.0.0.1", "--advertise-address=127.0.0.1", f"--secure-port={port}"]
        command += [f"--cert-dir={self.pki}", "--service-cluster-ip-range=10.0.0.0/24", "--allow-privileged=true"]
        command += [f"--service-account-issuer={issuer}", f"--api-audiences={issuer}"]
        command += [f"--service-account-signing-key-file={self.pki / 'sa.key'}"]
        command += [f"--service-account-key-file={self.pki / 'sa.pub'}"]
        command += [f"--token-auth-file={self.folder / 'tokens.csv'}", "--authorization-mode=RBAC"]
        # No controllers run here: none would make the service accounts' tokens, and this is no node's endpoint.
        return [*command, "--disable-admission-plugins=ServiceAccount", "--endpoint-reconciler-type=none"]

    def is_ready(self, port):
        # Makes its own certificate, at the first start.
        if not (self.pki / "apiserver.crt").exists():
            return False
        self.port = port
        try:
            return self.ask("GET", "/readyz") == b"ok"
        except OSError:
            return False

    def kill(self):
        """The API server is gone at once, as when its machine is; etcd keeps what it had."""
        self.process.kill()
        self.process.wait()

    def restart(self):
        log = self.folder / "apiserver-again.log"
        self.process = self.stack.enter_context(running(self.command(self.port), log))
        wait_until("kube-apiserver is back", lambda: self.is_ready(self.port), STARTS_WITHIN, self.process)

    def kill_etcd(self):
        self.etcd_process.kill()
        self.etcd_process.wait()

    def restart_etcd(self):
        log = self.folder / "etcd-again.log"
        self.etcd_process = self.stack.enter_context(running(self.etcd_command(self.etcd), log))
        wait_until("etcd is back", lambda: self.etcd_is_ready(self.etcd), STARTS_WITHIN, self.etcd_process)

    def lose(self, group, plural, namespace, name):
        """The object is gone from etcd while the API server is down: no watch will ever tell."""
        key = f"/registry/{group}/{plural}/{namespace}/{name}"
        body = json.dumps({"key": base64.b64encode(key.encode()).decode()}).encode()
        with urllib.request.urlopen(f"http://127.0.0.1:{self.etcd}/v3/kv/deleterange", body, 5) as response:
            if json.load(response).get("deleted") != "1":
                raise Broken(f"etcd has no {key}")

    def ask(self, method, path, body=None, content="application/json"):
        """The bytes of the answer; an OSError if there is none or it is no success."""
        url = f"https://127.0.0.1:{self.port}{path}"
        headers = {"Authorization": f"Bearer {self.tokens[ADMIN]}", "Content-Type": content}
        request = urllib.request.Request(url, body, headers, method=method)
        context = ssl.create_default_context(cafile=self.pki / "apiserver.crt")
        with urllib.request.urlopen(request, timeout=10, context=context) as response:
            return response.read()

    def call(self, method, path, body=None, content="application/json"):
        """The object that is answered."""
        if not isinstance(body, (bytes, type(None))):
            body = json.dumps(body).encode()
        try:
            return json.loads(self.ask(method, path, body, content))
        except urllib.error.HTTPError as error:
            raise Broken(f"{method} {path}: {error.read().decode()}") from error
        except OSError as error:
            raise Broken(f"{method} {path}: {error}") from error

    def apply(self, manifest):
        """Applies a file of documents in block style, which the API server checks field by field."""
        for document in re.split(r"^---$", manifest.read_text(), flags=re.MULTILINE):
            found = lambda field: re.search(rf"^{field}: (\S+)$", document, re.MULTILINE)
            version, plural, namespaced = PLACES[found("kind")[1]]
            within = f"namespaces/{found('  namespace')[1]}/" if namespaced else ""
            path = f"/{version}/{within}{plural}/{found('  name')[1]}?fieldManager=admin"
            self.call("PATCH", path, document.encode(), "application/apply-patch+yaml")

    def kubeconfig(self, user=ADMIN):
        file = self.folder / f"{user.replace(':', '.')}.kubeconfig"
        url, ca = f"https://127.0.0.1:{self.port}", self.pki / "apiserver.crt"
        file.write_text(KUBECONFIG.format(url=url, ca=ca, token=self.tokens[user]))
        return file


def group(user):
    return "system:masters" if user == ADMIN else "system:authenticated"


def stop(number, _frame):
    sys.exit(128 + number)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("assets")
    parser.add_argument("command", nargs=argparse.REMAINDER)
    options = parser.parse_args()
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, stop)
    # Ctrl-C is for the command: the terminal sends it to us too, but not to a group of its own.
    signal.signal(signal.SIGINT, lambda *_: None)
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="kube-")))
        cluster = Cluster(stack, options.assets, folder, process_group=0)
        command = subprocess.Popen(options.command, env=os.environ | {"KUBECONFIG": str(cluster.kubeconfig())})
        stack.callback(command.terminate)
        return command.wait()


if __name__ == "__main__":
    sys.exit(main())
