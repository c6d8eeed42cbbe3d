"""Peers that mean harm: slow headers, slow readers, a hundred at once.

What counts is what the server holds, read from its own process, and what an honest scraper gets meanwhile.
"""

import re
import resource
import selectors
import socket
import struct
import tempfile
import time
from pathlib import Path

from certificates import Authority, Secret
from common import Endpoint, Honest, fetch, mib, wait_until


# The start of a `ClientHello`, far from its end.
HELLO = b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"


def connect(address, receive_buffer=None):
    peer = socket.socket()
    if receive_buffer:
        peer.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
    peer.connect(address)
    peer.setblocking(False)
    return peer


def close(peers):
    for peer in peers:
        peer.close()


def send(peer, data):
    """Whether the connection still takes it."""
    try:
        peer.send(data)
        return True
    except BlockingIOError:
        return True
    except OSError:
        return False


def slow_headers(checks, options):
    """R11: connections that never finish a header."""
    print("--- R11: slow headers")
    slow_starts(checks, options, b"GET /metrics HTTP/1.1\r\nHost: x\r\nA: ")


def slow_handshakes(checks, options):
    """R11 over TLS: connections that never finish a handshake, and more of them than the server can have."""
    print("--- R11 over TLS: slow handshakes")
    tls = "--tls", str(mounted(options))
    slow_starts(checks, options, HELLO, *tls)
    crowd(checks, options, "that never finish a handshake", HELLO, *tls)


def mounted(options):
    """A folder with a certificate."""
    authority = Authority(Path(tempfile.mkdtemp(dir=options.folder)), "servers")
    folder = authority.folder / "mounted"
    Secret(folder, authority.issue("localhost").texts())
    return folder


def slow_starts(checks, options, beginning, *arguments):
    count, timeout, duration = (200, 2, 6) if options.short else (1000, 10, 30)
    # By default fewer are open at once, and the oldest ones make room.
    limits = ("--header-timeout", str(timeout), "--connections", str(2 * count))
    with Endpoint(options.endpoint, "--objects", "100", *limits, *arguments) as endpoint:
        base = endpoint.sockets()
        honest = Honest(endpoint.address, 0.02, endpoint.context)
        honest.start()
        start = time.monotonic()
        peers = [connect(endpoint.address) for _ in range(count)]
        for peer in peers:
            send(peer, beginning)
        all_open = wait_until(lambda: endpoint.sockets() - base >= count, 5)
        # A byte now and then, which is to gain nothing.
        open_at_limit = None
        while (elapsed := time.monotonic() - start) < duration:
            for peer in peers:
                send(peer, b"a")
            if open_at_limit is None and elapsed >= 2 * timeout:
                # The honest one may have its own connection open.
                open_at_limit = wait_until(lambda: endpoint.sockets() <= base + 1, 1)
            time.sleep(0.5)
        honest.stop()
        close(peers)
        checks.that(f"{count} connections were open at once", all_open)
        checks.that(f"none of them is held after 2 x {timeout} s", open_at_limit)
        report_honest(checks, honest, 1.0)
        checks.that("the server is alive", fetch(endpoint.address, context=endpoint.context)[0] == 200)


def few_descriptors(checks, options):
    """More connections than the server can have, held open, and more all the time."""
    print("--- more connections than file descriptors")
    # Each has time enough to keep its place for the whole test.
    crowd(checks, options, "that never finish a header", b"GET /metrics HTTP/1.1\r\nA: ")
    crowd(checks, options, "that asked once", b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")


def crowd(checks, options, which, request, *arguments):
    duration = 4 if options.short else 20
    with Endpoint(options.endpoint, "--objects", "100", *arguments, descriptors=128) as endpoint:
        honest = Honest(endpoint.address, 0.02, endpoint.context)
        honest.start()
        start = time.monotonic()
        peers, first_half = [], 0
        while (elapsed := time.monotonic() - start) < duration:
            if elapsed < duration / 2:
                first_half = len(honest.took)
            more = [connect(endpoint.address) for _ in range(100)]
            for peer in more:
                send(peer, request)
            peers += more
            time.sleep(0.2)
        second_half = len(honest.took) - first_half
        close(peers)
        honest.stop()
        checks.that(f"{len(peers)} connections {which}, 128 file descriptors: the server is alive", endpoint.alive())
        # At first there is room for all.
        checks.that(f"honest scrapes go on: {first_half}, then {second_half}", second_half > first_half / 4)
        report_honest(checks, honest, 1.0)


def abandoned_scrapes(checks, options):
    """R18: a client that sends a scrape and closes its connection, as fast as it can."""
    duration = 3 if options.short else 10
    for objects in (1_000, 10_000):
        for name, header in (("plain", b""), ("gzip", b"Accept-Encoding: gzip\r\n")):
            for how in ("FIN", "RST"):
                print(f"--- R18: abandoned scrapes of {objects} objects, {name}, {how}")
                with Endpoint(options.endpoint, "--objects", str(objects)) as endpoint:
                    abandon(checks, endpoint, header, how, duration)


def abandon(checks, endpoint, header, how, duration):
    request = b"GET /metrics HTTP/1.1\r\nHost: x\r\n" + header + b"\r\n"
    fetch(endpoint.address)
    idle, idle_threads, threads = endpoint.memory("VmRSS"), endpoint.threads(), 0
    honest = Honest(endpoint.address, 0.1)
    honest.start()
    end, count = time.monotonic() + duration, 0
    while time.monotonic() < end:
        with socket.socket() as peer:
            if how == "RST":
                peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            peer.settimeout(5)
            peer.connect(endpoint.address)
            peer.sendall(request)
            count += 1
        if count % 100 == 0:
            threads = max(threads, endpoint.threads())
    honest.stop()
    peak = endpoint.memory("VmHWM")
    checks.that("64 MiB above idle at most", peak <= idle + (64 << 20), mib(peak - idle))
    checks.that("8 threads above idle at most", threads <= idle_threads + 8, threads)
    report_honest(checks, honest, 0.99)
    freed = wait_until(lambda: endpoint.memory("VmRSS") <= idle + (8 << 20), 10)
    checks.figure(f"{count / duration:.0f} scrapes/s; resident {mib(idle)} idle, {mib(peak)} at most,"
                  f" {mib(endpoint.memory('VmRSS'))} afterwards{'' if freed else ', more than 8 MiB above idle'};"
                  f" threads {idle_threads} idle, {threads} at most")


def kernel_memory(checks, options):
    """R20: clients that read nothing, and one that reads steadily."""
    print("--- R20: kernel memory")
    with Endpoint(options.endpoint, "--objects", "10000") as endpoint:
        before = kernel_bytes()
        peers = [connect(endpoint.address) for _ in range(300)]
        for peer in peers:
            send(peer, b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n")
        time.sleep(4)
        used = kernel_bytes() - before
        close(peers)
        checks.that("300 clients that read nothing cost 50 MiB at most", used <= 50 << 20, mib(used))
        checks.figure(f"TCP memory of the kernel {mib(used)} more")


def kernel_bytes():
    pages = re.search(r"^TCP:.* mem (\d+)", Path("/proc/net/sockstat").read_text(), re.MULTILINE)[1]
    return int(pages) * resource.getpagesize()


def slow_readers(checks, options):
    """R12: peers that read nothing, or just enough to be no stall, of a body of 20 MB."""
    print("--- R12: slow readers")
    count, stall, response = (60, 2, 6) if options.short else (200, 10, 60)
    limits = ("--stall-timeout", str(stall), "--response-timeout", str(response))
    with Endpoint(options.endpoint, "--objects", "10000", *limits) as endpoint:
        body = len(fetch(endpoint.address)[2])
        base, resident = endpoint.sockets(), endpoint.memory("VmRSS")
        honest = Honest(endpoint.address, 0.25)
        honest.start()
        start = time.monotonic()
        still = [connect(endpoint.address, 1 << 16) for _ in range(count // 2)]
        trickling = [connect(endpoint.address) for _ in range(count // 2)]
        for peer in still + trickling:
            send(peer, b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n")
        wait_until(lambda: endpoint.sockets() - base > 4, 5)
        stalled_gone = all_gone = None
        # Half of what it takes to be done in time: no stall, and no end.
        step = body // (2 * response) // 4
        while all_gone is None and (elapsed := time.monotonic() - start) < response + 15:
            for peer in trickling:
                read_some(peer, step)
            held = endpoint.sockets() - base
            # The honest one may have its own connection open.
            if stalled_gone is None and held <= len(trickling) + 1:
                stalled_gone = elapsed
            if held <= 1:
                all_gone = elapsed
            time.sleep(0.25)
        honest.stop()
        peak = endpoint.memory("VmHWM")
        close(still + trickling)
        late = f"{held} held after {elapsed:.1f} s"
        checks.that(f"of {count} peers none is held after {response} s", all_gone, late)
        checks.that("those that read nothing are gone long before", stalled_gone and stalled_gone < response - 1, late)
        checks.figure(
            f"body {mib(body)}; gone are those that read nothing after {stalled_gone or 0:.1f} s,"
            f" those that read slowly after {all_gone or 0:.1f} s"
        )
        checks.figure(f"resident {mib(resident)} before, {mib(peak)} at most")
        report_honest(checks, honest, 0.99)
        aborted = fetch(endpoint.address, "/metrics?name[]=gotkmetrics_scrapes_aborted_total")[2].split()[-1]
        rejected = fetch(endpoint.address, "/metrics?name[]=gotkmetrics_scrapes_total")[2]
        rejected = re.search(rb'code="503"} (\d+)', rejected)[1]
        # Most of them never had a place.
        what = f"{aborted.decode()} scrapes are counted as aborted, {rejected.decode()} as rejected"
        checks.that(what, float(aborted) + float(rejected) >= count and float(aborted) > 0)


def read_some(peer, size):
    try:
        while size > 0 and (data := peer.recv(size)):
            size -= len(data)
    except OSError:
        # Nothing there, or cut off.
        pass


def report_honest(checks, honest, share):
    answered = 1 - len(honest.failures) / max(1, len(honest.took))
    checks.that(f"honest scrapes answered: {answered:.2%}", answered >= share, honest.failures[:5])
    checks.figure(honest.summary())


def at_once(checks, options):
    """R13: a hundred scrapes at once."""
    print("--- R13: a hundred at once")
    objects = 20_000 if options.short else 100_000
    # By default fewer may wait.
    with Endpoint(options.endpoint, "--objects", str(objects), "--queue", "200") as endpoint:
        for name, header in (("plain", b""), ("gzip", b"Accept-Encoding: gzip\r\n")):
            body = len(fetch(endpoint.address)[2])
            endpoint.forget_peak()
            base = endpoint.memory("VmRSS")
            start = time.monotonic()
            sizes = read_at_once(endpoint.address, 100, header)
            took = time.monotonic() - start
            peak = endpoint.memory("VmHWM")
            checks.that(f"{name}: all of 100 scrapes are whole", len(sizes) == 100 and all(sizes))
            checks.that(f"{name}: peak below base and two bodies", peak < base + 2 * body)
            checks.figure(
                f"body {mib(body)}, base {mib(base)}, peak {mib(peak)}: {(peak - base) / body:.3f} bodies; {took:.1f} s"
            )


def read_at_once(address, count, header):
    """The sizes of the answers; 0 for one that broke off."""
    selector = selectors.DefaultSelector()
    for _ in range(count):
        peer = connect(address)
        peer.send(b"GET /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\n" + header + b"\r\n")
        selector.register(peer, selectors.EVENT_READ, [0, b""])
    buffer = bytearray(1 << 20)
    sizes = []
    while selector.get_map():
        for key, _ in selector.select(60):
            try:
                size = key.fileobj.recv_into(buffer)
            except ConnectionResetError:
                # Its time was over.
                size, key.data[1] = 0, b""
            key.data[0] += size
            if size:
                key.data[1] = (key.data[1] + buffer[max(0, size - 7) : size])[-7:]
                continue
            # The last chunk is what makes it whole.
            sizes.append(key.data[0] if key.data[1] == b"\r\n0\r\n\r\n" else 0)
            selector.unregister(key.fileobj)
            key.fileobj.close()
    return sizes
