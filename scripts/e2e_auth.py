"""Scrapes the example controller with tokens of every kind, on a real API server that says whose they are.

Started by `e2e-auth`, which finds the programs. Prints a line per check; exit code 1 if one fails.
"""

import os
import re
import signal
import ssl
import sys
import tempfile
import time
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from certificates import Authority, Secret
from checks import arguments, run_checks
from kube.cluster import Cluster
from kube.tokens import Accounts, new_key, signed, tampered
from processes import running, wait_until
from prometheus import Prometheus, job

RUN_LIMIT = 780  # seconds for everything
EXAMPLE = Path("examples/controller/deploy")
COMPONENT = Path("deploy/components/auth")
NAMESPACE = "app-system"
# With the rights of the example's rbac.yaml, and in time those of the component's controller.yaml.
USER = f"system:serviceaccount:{NAMESPACE}:app-controller"
READER = "gotk-metrics-reader"
HOST = "metrics.example.com"
REVIEWS = ("tokenreviews", "subjectaccessreviews")

# How long answers are used, in seconds, and how much later a scrape here may notice.
TOKEN, DENIED, ALLOWED, LATE = 60, 30, 300, 10
# How often the example reads its certificate.
RELOAD = 10
MANY = 100
AT_ONCE = 32  # of one user, as many as may wait by default; others get 503


class Controller:
    def __init__(self, world, pod, authorize, secret=None):
        self.world, self.pod, self.port, self.authorize, self.secret = world, pod, 0, authorize, secret
        self.starts, self.log = 0, None

    def start(self):
        self.starts += 1
        self.log = self.world.folder / f"{self.pod}-{self.starts}.log"
        chosen = {"METRICS_ADDRESS": f"127.0.0.1:{self.port}", "METRICS_AUTHORIZE": str(self.authorize).lower()}
        chosen |= {"POD_NAMESPACE": NAMESPACE, "POD_NAME": self.pod, "LEASE_SECONDS": "60"}
        chosen |= {"KUBECONFIG": str(self.world.cluster.kubeconfig(USER))}
        if self.secret:
            chosen["METRICS_TLS"] = str(self.secret.folder)
        command, scheme = [self.world.options.controller], "https" if self.secret else "http"
        self.process = self.world.stack.enter_context(running(command, self.log, env=os.environ | chosen))
        printed = lambda: re.match(rf"{scheme}://127\.0\.0\.1:(\d+)/metrics\n", self.log.read_text())
        self.port = int(wait_until("the controller prints its address", printed, 20, self.process)[1])

    def restart(self):
        """Again on its port, with nothing in mind."""
        self.process.terminate()
        self.process.wait(15)
        self.start()

    def get(self, token=None, path="/metrics", scheme="Bearer"):
        """Status, headers and body."""
        headers = {"Authorization": f"{scheme} {token}"} if token else {}
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}{path}", headers=headers)
        try:
            with urllib.request.urlopen(request, timeout=30) as response:
                return response.status, response.headers, response.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.headers, error.read().decode()

    def status(self, token=None, **how):
        return self.get(token, **how)[0]


class World:
    def __init__(self, checks, stack, options, folder):
        self.checks, self.stack, self.options, self.folder = checks, stack, options, folder
        self.cluster = Cluster(stack, options.assets, folder, [USER])
        for name in ("crd", "deployment", "rbac"):
            self.cluster.apply(EXAMPLE / f"{name}.yaml")
        self.apply_reader()
        self.accounts = Accounts(self.cluster, NAMESPACE)
        self.good = self.accounts.create("scraper", READER)
        self.controller = Controller(self, "app-controller-0", True)
        self.controller.start()

    def apply_reader(self):
        """The one role of the component's scraper.yaml; the accounts are ours."""
        documents = re.split(r"^---$", (COMPONENT / "scraper.yaml").read_text(), flags=re.MULTILINE)
        [role] = [one for one in documents if re.search(r"^kind: ClusterRole$", one, re.MULTILINE)]
        file = self.folder / "reader.yaml"
        file.write_text(role)
        self.cluster.apply(file)

    def reviews(self):
        """How many of each kind the API server has answered."""
        text = self.cluster.ask("GET", "/metrics").decode()
        counts = dict.fromkeys(REVIEWS, 0)
        for labels, value in re.findall(r"^apiserver_request_total\{(.*)\} (\S+)$", text, re.MULTILINE):
            for one in REVIEWS:
                if f'resource="{one}"' in labels and 'code="201"' in labels:
                    counts[one] += int(float(value))
        return counts

    def eventually(self, what, ask, expected, seconds=20, start=None):
        """How long it took, since `start` or now."""
        start = start or time.monotonic()
        while (actual := ask()) != expected and time.monotonic() - start < seconds:
            time.sleep(0.2)
        self.checks.equal(what, actual, expected)
        return time.monotonic() - start


def asked(world, before, wanted):
    """Whether so many reviews of each kind were answered since then, and how many were."""
    after = world.reviews()
    counts = [after[one] - before[one] for one in REVIEWS]
    return counts == [wanted, wanted], counts


def check_own_rights(world, checks):
    """What somebody sees who has forgotten the controller's part."""
    status, _, body = world.controller.get(world.good)
    checks.equal("a controller that may not ask", status, 500)
    checks.that("tells no more to whoever scrapes", USER not in body and "token" not in body, body)
    log = world.controller.log.read_text()
    wanted = "metrics: TokenReview was rejected with status 403: tokenreviews.authentication.k8s.io is forbidden"
    checks.that("but says in its log what it may not", wanted in log, log)
    checks.equal("without a token it is 401 all the same", world.controller.status(), 401)
    world.cluster.apply(COMPONENT / "controller.yaml")
    world.eventually("once it may ask, the next scrape is answered", lambda: world.controller.status(world.good), 200)


def check_tokens(world, checks):
    controller, good = world.controller, world.good
    status, _, body = controller.get(good)
    checks.that("a token with the right shows metrics", status == 200 and "gotkmetrics_scrapes_total" in body, body)
    checks.equal("bearer in lower case", controller.status(good, scheme="bearer"), 200)
    status, headers, body = controller.get()
    checks.equal("no token", status, 401)
    checks.equal("what is asked for then", headers["WWW-Authenticate"], "Bearer")
    nobody = world.accounts.create("nobody")
    status, _, body = controller.get(nobody)
    wanted = f"user system:serviceaccount:{NAMESPACE}:nobody may not get /metrics"
    checks.that("a token without the right: 403, and who it is", status == 403 and wanted in body, (status, body))
    own = world.cluster.pki / "sa.key"
    wrong = {
        "that never was one": "x",
        "with another one's name under the old signature": tampered(nobody, sub=f"system:serviceaccount:{NAMESPACE}:scraper"),
        "with a later end under the old signature": tampered(good, exp=int(time.time()) + 7200),
        "signed with another key": signed(good, new_key(world.folder), 3600),
        "that is over for an hour": signed(good, own, -3600),
        "meant for somebody else": world.accounts.token("scraper", ["https://other.example.com"]),
        "without its last character": good[:-1],
        "with another scheme": good,
    }
    for what, token in wrong.items():
        scheme = "Basic" if "scheme" in what else "Bearer"
        checks.equal(f"a token {what}", controller.status(token, scheme=scheme), 401)
    # Or the above would pass for anything that is signed here.
    checks.equal("a token signed here that is not over", controller.status(signed(good, own, 3600)), 200)
    checks.equal("an oversize token", controller.status("x" * 20_000), 431)
    for path in ("/healthz", "/readyz"):
        checks.equal(f"{path} without a token", controller.status(path=path), 200)


def check_cost(world, checks):
    controller, before = world.controller, world.reviews()
    token = world.accounts.create("another", READER)
    with ThreadPoolExecutor(AT_ONCE) as pool:
        found = set(pool.map(lambda _: controller.status(token), range(AT_ONCE)))
    checks.that(f"{AT_ONCE} scrapes at once were answered with 200", found == {200}, found)
    checks.that("took one review of each kind", *asked(world, before, 1))
    before = world.reviews()
    plain = Controller(world, "app-controller-1", False)
    plain.start()
    took = {controller: [], plain: []}
    for _ in range(MANY):
        for one, times in took.items():
            start = time.perf_counter()
            # Nothing to show, or the two would not show the same.
            one.get(token, path="/metrics?name[]=none")
            times.append(time.perf_counter() - start)
    checks.that(f"{MANY} scrapes after that took none", *asked(world, before, 0))
    with_auth, without = map(min, took.values())
    checks.figure(f"an empty scrape, on a connection of its own, takes {with_auth / without:.2f} times one without access control")


def check_prometheus(world, checks):
    prometheus = Prometheus(world.stack, world.options.prometheus, world.folder, "apps")
    file, config = world.folder / "token", world.folder / "prometheus.yml"
    file.write_text(world.good)
    told = f"    authorization: {{ type: Bearer, credentials_file: {file} }}\n    file_sd_configs:"
    prometheus.scrape({world.controller.pod: f"127.0.0.1:{world.controller.port}"})
    up = lambda: prometheus.value("up", -1)
    world.eventually("up, without a token", up, 0.0)
    config.write_text(config.read_text().replace("    file_sd_configs:", told))
    prometheus.process.send_signal(signal.SIGHUP)
    world.eventually("up, with one", up, 1.0)
    refused = lambda: prometheus.value('gotkmetrics_scrapes_total{code="403"}', 0)
    before = world.eventually("its own metrics", lambda: refused() > 0, True) and refused()
    file.write_text(world.accounts.create("third"))
    world.eventually("up, with a token without the right", up, 0.0)
    file.write_text(world.good)
    world.eventually("up, with the first one again", up, 1.0)
    world.eventually("scrapes that were forbidden are counted", lambda: refused() > before, True)


def check_outage(world, checks):
    controller, unknown = world.controller, world.accounts.create("fourth", READER)
    checks.equal("before the outage", controller.status(world.good), 200)
    world.cluster.kill()
    checks.equal("who is known, while the API server is away", controller.status(world.good), 200)
    checks.equal("who is not", controller.status(unknown), 500)
    checks.equal("who has no token", controller.status(), 401)
    checks.equal("a probe", controller.status(path="/healthz"), 200)
    world.cluster.restart()
    world.eventually("who is not known, once it is back", lambda: controller.status(unknown), 200)


def granted(world, checks):
    controller, token = world.controller, world.accounts.create("late")
    checks.equal("before the right is there", controller.status(token), 403)
    start = time.monotonic()
    world.accounts.bind("late", READER)
    yield
    took = world.eventually("once it is", lambda: controller.status(token), 200, DENIED + LATE, start)
    checks.that(f"it took {took:.0f} s", took >= DENIED - 1)


def deleted(world, checks):
    controller, token = world.controller, world.accounts.create("leaver", READER)
    checks.equal("an account that is there", controller.status(token), 200)
    start = time.monotonic()
    world.accounts.delete("leaver")
    yield
    took = world.eventually("and one that is gone", lambda: controller.status(token), 401, TOKEN + LATE, start)
    checks.that(f"it took {took:.0f} s", took >= TOKEN - 5)


class Both:
    """A controller with TLS and access control, and a Prometheus with several ways to ask it."""

    def __init__(self, world):
        self.world, folder = world, world.folder / "both"
        folder.mkdir()
        self.authority, stranger = Authority(folder, "servers"), Authority(folder, "strangers")
        self.secret = Secret(folder / "mounted", self.authority.issue(HOST).texts())
        self.controller = Controller(world, "app-controller-2", True, self.secret)
        self.controller.start()
        token, good = folder / "token", folder / "good"
        token.write_text(world.accounts.create("both"))
        good.write_text(world.good)
        trusted = {"ca_file": self.authority.certificate, "server_name": HOST}
        foreign = {**trusted, "ca_file": stranger.certificate}
        jobs = {"both": (trusted, token), "witness": (trusted, good)}
        self.wrong = {"without-token": (trusted, None), "foreign-authority": (foreign, good), "plain": (None, good)}
        address = f"127.0.0.1:{self.controller.port}"
        more = "".join(job(name, address, *how) for name, how in (jobs | self.wrong).items())
        self.prometheus = Prometheus(world.stack, world.options.prometheus, folder, "none", more=more)

    def up(self, name):
        return self.prometheus.value(f'up{{job="{name}"}}', -1)

    def eventually(self, what, name, up, seconds=20, start=None):
        return self.world.eventually(what, lambda: self.up(name), up, seconds, start)

    def refused(self, code):
        return self.prometheus.value(f'gotkmetrics_scrapes_total{{job="witness",code="{code}"}}', 0)

    def rotate(self):
        pair = self.authority.issue(HOST)
        self.secret.write(pair.texts())
        return pair.certificate.read_text().split()

    def shows(self, certificate):
        return ssl.get_server_certificate(("127.0.0.1", self.controller.port)).split() == certificate


def both(world, checks):
    """TLS and a token together: granted and revoked, with a certificate that changes in between."""
    stage = Both(world)
    stage.eventually("over TLS, up with a token that may", "witness", 1.0)
    stage.eventually("over TLS, up with a token that may not", "both", 0.0)
    for code in (401, 403):
        world.eventually(f"over TLS, {code} is counted", lambda code=code: stage.refused(code) > 0, True)
    start, since = time.monotonic(), time.time()
    world.accounts.bind("both", READER)
    new = stage.rotate()
    yield
    world.eventually("the new certificate is shown", lambda: stage.shows(new), True, RELOAD + LATE, start)
    stage.eventually("over TLS, up once the right is there", "both", 1.0, DENIED + LATE, start)
    world.accounts.unbind("both")
    another = stage.rotate()
    world.eventually("one more certificate is shown", lambda: stage.shows(another), True, RELOAD + LATE)
    witness = stage.prometheus.scrapes_of("witness", since)
    checks.that(f"up at each of {len(witness)} scrapes meanwhile", len(witness) > 20 and all(witness), witness)
    checks.equal("over TLS, up with a right that was there until now", stage.up("both"), 1.0)
    stage.controller.restart()
    stage.eventually("for one that knows nobody yet, up without the right", "both", 0.0)
    stage.eventually("and with it", "witness", 1.0)
    world.eventually("its 403 is counted", lambda: stage.refused(403) > 0, True)
    for name in stage.wrong:
        scrapes = stage.prometheus.scrapes_of(name)
        checks.that(f"{name}: refused at each of {len(scrapes)} scrapes", scrapes and not any(scrapes), scrapes)


def check_waits(world, checks):
    """What takes its time, all at once: each begins, waits, and ends, the longest last."""
    steps = [step(world, checks) for step in (granted, both, deleted)]
    for step in steps + steps:
        next(step, None)


def check_revoked(world, checks):
    controller, token = world.controller, world.accounts.create("loser", READER)
    checks.equal("who has the right", controller.status(token), 200)
    world.accounts.unbind("loser")
    checks.equal("who had it until now", controller.status(token), 200)
    if world.options.long:
        took = world.eventually("and in the end", lambda: controller.status(token), 403, ALLOWED + LATE)
        checks.that(f"it took {took:.0f} s", took >= ALLOWED - 5)
    controller.restart()
    checks.equal("who had it, for a controller that knows nobody yet", controller.status(token), 403)
    checks.equal("who has it still", controller.status(world.good), 200)


def check_logs(world, checks):
    """Tokens have passed in hundreds; a part of any would do."""
    logs = "".join(log.read_text() for log in world.folder.glob("app-controller-*.log"))
    shown = [part for part in world.good.split(".") if part in logs]
    checks.that("no token in any log", logs and not shown, shown)


def run(checks, stack, options):
    folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="e2e-auth-")))
    world = World(checks, stack, options, folder)
    steps = (check_own_rights, check_tokens, check_cost, check_prometheus, check_outage)
    steps += (check_waits, check_revoked, check_logs)
    for step in steps:
        step(world, checks)


def main():
    parser = arguments(__doc__, "controller", "assets", "prometheus")
    parser.add_argument("--long", action="store_true")
    return run_checks(run, RUN_LIMIT, parser.parse_args())


if __name__ == "__main__":
    sys.exit(main())
