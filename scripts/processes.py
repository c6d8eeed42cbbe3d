"""Programs that serve on loopback while a script runs.

Whatever is started here is ended on the way out, by its own id.
"""

import contextlib
import socket
import subprocess
import sys
import time

from checks import Broken


@contextlib.contextmanager
def running(command, log, **options):
    """A process that is ended on the way out, whatever happens; what it printed goes to `log`."""
    options = {"stdin": subprocess.DEVNULL, **options}
    with open(log, "wb") as output:
        process = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT, **options)
    try:
        yield process
    except Exception:
        tail = log.read_text(errors="replace").splitlines()[-15:]
        print(f"--- {command[0]}, its last lines\n" + "\n".join(tail), file=sys.stderr)
        raise
    finally:
        process.terminate()
        try:
            process.wait(5)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def wait_until(what, condition, seconds, process):
    """What `condition` returns once it is true."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if found := condition():
            return found
        if process.poll() is not None:
            raise Broken(f"{what}: {process.args[0]} ended with exit code {process.returncode}")
        time.sleep(0.1)
    raise Broken(f"{what}: not within {seconds} s")


def free_port():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


def start_on_free_port(stack, command, log, is_ready, seconds, **options):
    """The port and the process; `command` and `is_ready` take the port."""
    for last in (False, False, True):
        port = free_port()
        process = stack.enter_context(running(command(port), log, **options))
        try:
            wait_until(f"{process.args[0]} is ready", lambda: is_ready(port), seconds, process)
            return port, process
        except Broken:
            # Between our look and its start, somebody else may have taken the port.
            if last or "address already in use" not in log.read_text(errors="replace"):
                raise
    raise AssertionError("unreachable")
