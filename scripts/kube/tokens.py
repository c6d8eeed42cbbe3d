"""Service accounts of a real API server, and tokens that are theirs, or look like it.

Knows nothing of who reads the tokens.
"""

import base64
import json
import subprocess
import time

from checks import Broken

RBAC = "/apis/rbac.authorization.k8s.io/v1"


class Accounts:
    def __init__(self, cluster, namespace):
        self.cluster, self.path = cluster, f"/api/v1/namespaces/{namespace}/serviceaccounts"
        self.namespace = namespace

    def create(self, name, role=None):
        """A new account, with a cluster role or without, and a token of it."""
        self.cluster.call("POST", self.path, {"metadata": {"name": name}})
        if role:
            self.bind(name, role)
        return self.token(name)

    def token(self, name, audiences=()):
        """As every pod has one: bound, and over after an hour."""
        request = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest"}
        request["spec"] = {"audiences": list(audiences), "expirationSeconds": 3600}
        return self.cluster.call("POST", f"{self.path}/{name}/token", request)["status"]["token"]

    def delete(self, name):
        self.cluster.call("DELETE", f"{self.path}/{name}")

    def bind(self, name, role):
        binding = {"metadata": {"name": name}, "roleRef": {"kind": "ClusterRole", "name": role}}
        binding["roleRef"]["apiGroup"] = "rbac.authorization.k8s.io"
        binding["subjects"] = [{"kind": "ServiceAccount", "name": name, "namespace": self.namespace}]
        self.cluster.call("POST", f"{RBAC}/clusterrolebindings", binding)

    def unbind(self, name):
        self.cluster.call("DELETE", f"{RBAC}/clusterrolebindings/{name}")


def decoded(part):
    return json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))


def encoded(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def tampered(token, **claims):
    """Other claims under the old signature."""
    header, body, signature = token.split(".")
    body = encoded(json.dumps(decoded(body) | claims).encode())
    return f"{header}.{body}.{signature}"


def signed(token, key, lasts):
    """The same claims, from an hour ago until `lasts` seconds from now, signed with `key`."""
    header, body, _ = token.split(".")
    now = int(time.time())
    times = {"iat": now - 3600, "nbf": now - 3600, "exp": now + lasts}
    body = encoded(json.dumps(decoded(body) | times).encode())
    sign = ["openssl", "dgst", "-sha256", "-sign", str(key)]
    done = subprocess.run(sign, input=f"{header}.{body}".encode(), capture_output=True, timeout=20)
    if done.returncode != 0:
        raise Broken(f"openssl: {done.stderr.decode()}")
    return f"{header}.{body}.{encoded(done.stdout)}"


def new_key(folder):
    key = folder / "another.key"
    subprocess.run(["openssl", "genrsa", "-out", str(key), "2048"], check=True, capture_output=True, timeout=60)
    return key
