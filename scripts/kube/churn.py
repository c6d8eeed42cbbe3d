"""Objects that come, change and go, for as long as nobody says stop.

What fails is nobody's fault here: the API server may be away. The truth is what it says afterwards.
"""

import contextlib
import random
import threading
import time

from checks import Broken
from kube.world import APPS

NAMESPACES = ("shop", "blog")
MOST = 40  # objects at a time
PAUSE = 0.05  # seconds between two steps


class Churn:
    """A name is never used twice, so that whatever goes must stay away."""

    def __init__(self, world, seed):
        self.world, self.random = world, random.Random(seed)
        self.made, self.steps = 0, 0
        self.created = set()
        self.going, self.ended = threading.Event(), threading.Event()
        self.idle = threading.Lock()

    @contextlib.contextmanager
    def working(self):
        thread = threading.Thread(target=self.work)
        thread.start()
        try:
            yield self
        finally:
            self.ended.set()
            thread.join()

    def work(self):
        while not self.ended.wait(PAUSE):
            if not self.going.is_set():
                continue
            with self.idle, contextlib.suppress(Broken):
                self.step()
                self.steps += 1

    @contextlib.contextmanager
    def paused(self):
        """No step is under way any more."""
        self.going.clear()
        with self.idle:
            pass
        yield
        self.going.set()

    def step(self):
        apps = self.apps()
        if len(apps) < self.random.randint(1, MOST):
            self.create()
            return
        name = self.random.choice(sorted(apps))
        if self.random.random() < 0.3:
            self.world.delete(*name)
        else:
            flags = {what: self.random.random() < 0.3 for what in ("fail", "suspend")}
            self.world.change(*name, **flags)

    def create(self):
        self.made += 1
        name = (self.random.choice(NAMESPACES), f"app-{self.made}")
        self.created.add(name)
        self.world.create(*name, fail=self.random.random() < 0.3)

    def apps(self):
        """What the API server has, by name."""
        found = {}
        for namespace in NAMESPACES:
            for app in self.world.cluster.call("GET", APPS.format(namespace))["items"]:
                found[namespace, app["metadata"]["name"]] = app
        return found

    def settled(self, seconds):
        """What there is once the controller has seen all of it; nothing changes meanwhile."""
        end = time.monotonic() + seconds
        # It has seen what was before the object that it has seen, whether from a watch or a new list.
        self.made += 1
        name = (NAMESPACES[0], f"seen-{self.made}")
        self.created.add(name)
        while time.monotonic() < end:
            with contextlib.suppress(Broken):
                apps = self.apps()
                if name not in apps:
                    self.world.create(*name)
                elif all(map(is_settled, apps.values())) and not is_suspended(apps[name]):
                    return apps
            time.sleep(0.2)
        raise Broken(f"the controller has not seen everything within {seconds} s")


def is_suspended(app):
    return app["spec"].get("suspend", False)


def is_settled(app):
    done = (app.get("status") or {}).get("observedGeneration") == app["metadata"]["generation"]
    return (done or is_suspended(app)) and "deletionTimestamp" not in app["metadata"]
