"""An Alertmanager on loopback, and who is told by it.

An alert is known by its name and what it is about: an object, a kind or a controller.
"""

import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from prometheus import fetch
from processes import start_on_free_port

SUBJECT = ("kind", "namespace", "name", "controller")


def key(labels):
    return (labels["alertname"], *(labels[one] for one in SUBJECT if one in labels))


class Webhook:
    """All receivers, by the path that each posts to. `tell` hears of each alert; `page` gives what a browser sees."""

    def __init__(self, stack, tell=None, page=None):
        self.messages, self.tell = [], tell or (lambda *_: None)
        webhook = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                webhook.hear(self.path.strip("/"), json.loads(body))
                self.send_response(200)
                self.end_headers()

            def do_GET(self):
                body = page(webhook.messages).encode() if page and self.path == "/" else b""
                self.send_response(200 if body else 404)
                self.send_header("Content-Type", "text/html; charset=utf-8")
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        server.daemon_threads = True
        self.address = f"127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        stack.callback(server.server_close)
        stack.callback(server.shutdown)

    def hear(self, receiver, message):
        now = time.time()
        for alert in message["alerts"]:
            self.messages.append((now, receiver, alert))
            self.tell(receiver, alert)

    def firing(self):
        """What each receiver was told of and not yet of its end."""
        last = {(receiver, key(alert["labels"])): alert["status"] for _, receiver, alert in list(self.messages)}
        return {one for one, status in last.items() if status == "firing"}

    def heard(self, since):
        """What was said since then, and to whom."""
        said = [(receiver, key(alert["labels"]), alert["status"]) for at, receiver, alert in list(self.messages) if at >= since]
        return set(said)

    def alert(self, wanted):
        """The last that was said of it; None if nothing."""
        found = [alert for _, _, alert in list(self.messages) if key(alert["labels"]) == wanted]
        return found[-1] if found else None


class Alertmanager:
    def __init__(self, stack, program, folder, config):
        file = folder / "alertmanager.yml"
        file.write_text(config)
        # By itself: no address for others to join it at.
        command = [program, f"--config.file={file}", f"--storage.path={folder / 'alertmanager'}", "--log.level=warn"]
        listening = lambda port: [*command, "--cluster.listen-address=", f"--web.listen-address=127.0.0.1:{port}"]
        self.port, self.process = start_on_free_port(stack, listening, folder / "alertmanager.log", self.is_ready, 30)
        self.address = f"127.0.0.1:{self.port}"

    @staticmethod
    def is_ready(port):
        try:
            return fetch(f"http://127.0.0.1:{port}/-/ready")[0] == 200
        except OSError:
            return False

    def held_back(self):
        """Alerts that nobody is told of, since another stands for them."""
        alerts = json.loads(fetch(f"http://{self.address}/api/v2/alerts")[2])
        return {key(one["labels"]) for one in alerts if one["status"]["inhibitedBy"]}
