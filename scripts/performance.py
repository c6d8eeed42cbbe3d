"""Draws the times of an encode against the number of objects, both logarithmic, as SVG.

Started by `performance`. Reads the `time: encode OBJECTS PEER N ms` lines of the bench `peers`; of several for one point
it takes the smallest, which other programs on the machine disturbed least.
"""

import math
import re
import sys
from pathlib import Path
from xml.sax.saxutils import escape

US = "gotk-metrics"
# Not what a scraper is served.
LEFT_OUT = {"copy", "gotk-metrics-whole"}
LINE = re.compile(r"^time: encode (\d+) (\S+) ([\d.]+) ms$")

WIDTH, HEIGHT = 800, 460
LEFT, RIGHT, TOP, BOTTOM = 70, 270, 40, 60
INK, GRID = "#333333", "#dddddd"
COLOURS = ["#d62728", "#1f77b4", "#ff7f0e", "#2ca02c", "#9467bd", "#8c564b", "#17becf"]
LABEL_GAP = 16  # between the names at the right


def read(text):
    """Of each peer the time at each number of objects."""
    times = {}
    for line in text.splitlines():
        if (found := LINE.match(line)) and found[2] not in LEFT_OUT:
            of_peer = times.setdefault(found[2], {})
            objects = int(found[1])
            of_peer[objects] = min(of_peer.get(objects, math.inf), float(found[3]))
    return times


class Axis:
    """Places values of a logarithmic scale, from a power of ten to another."""

    def __init__(self, values, start, end):
        self.powers = range(math.floor(math.log10(min(values))), math.ceil(math.log10(max(values))) + 1)
        self.start, self.end = start, end

    def place(self, value):
        share = (math.log10(value) - self.powers[0]) / (self.powers[-1] - self.powers[0])
        return self.start + share * (self.end - self.start)


def spread(places):
    """The same places, moved down until names written there do not cover each other."""
    moved, last = {}, -math.inf
    for place, name in sorted(places):
        last = max(place, last + LABEL_GAP)
        moved[name] = last
    return moved


def shown(number):
    return f"{number:,.0f}".replace(",", " ") if number >= 1 else f"{number:g}"


def text(x, y, words, anchor="middle", extra=""):
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="{INK}" {extra}>{escape(words)}</text>'


def frame(across, up):
    """The grid, its numbers, and what they are of."""
    for power in across.powers:
        x = across.place(10**power)
        yield f'<path d="M{x:.1f} {TOP}V{HEIGHT - BOTTOM}" stroke="{GRID}"/>'
        yield text(x, HEIGHT - BOTTOM + 20, shown(10**power))
    for power in up.powers:
        y = up.place(10**power)
        yield f'<path d="M{LEFT} {y:.1f}H{WIDTH - RIGHT}" stroke="{GRID}"/>'
        yield text(LEFT - 8, y + 4, shown(10.0**power), "end")
    yield text((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 18, "objects, 18 series each")
    middle = (TOP + HEIGHT - BOTTOM) / 2
    yield text(18, middle, "milliseconds", extra=f'transform="rotate(-90 18 {middle:.1f})"')
    yield text(LEFT, 24, "One exposition of all objects", "start", 'font-weight="bold"')


def draw(times):
    across = Axis([n for of_peer in times.values() for n in of_peer], LEFT, WIDTH - RIGHT)
    up = Axis([ms for of_peer in times.values() for ms in of_peer.values()], HEIGHT - BOTTOM, TOP)
    yield f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif" font-size="12">'
    yield f'<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>'
    yield from frame(across, up)
    ends = spread([(up.place(of_peer[max(of_peer)]), peer) for peer, of_peer in times.items()])
    order = sorted(times, key=lambda peer: (peer != US, peer))
    for peer, colour in zip(order, COLOURS, strict=False):
        points = [(across.place(n), up.place(ms)) for n, ms in sorted(times[peer].items())]
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
        width = 3 if peer == US else 1.5
        yield f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="{width}"/>'
        for x, y in points:
            yield f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{width + 1}" fill="{colour}"/>'
        last = times[peer][max(times[peer])]
        name = escape(f"{peer}, {shown(last)} ms")
        yield f'<text x="{WIDTH - RIGHT + 10}" y="{ends[peer] + 4:.1f}" fill="{colour}">{name}</text>'
    yield "</svg>"


def main():
    source, target = map(Path, sys.argv[1:])
    times = read(source.read_text())
    if US not in times or len(times) == 1:
        sys.exit(f"{source} has no times of an encode of ours and of peers")
    target.write_text("\n".join(draw(times)) + "\n")
    print(f"{target}: {', '.join(sorted(times))}")


main()
