"""Fails where modules of a library know each other in a circle.

A module is a file of `src`, or of `endpoint/src`, with its folder. Parts of one module may know each other; tests do not count.
"""

import re
import sys
from collections import defaultdict
from pathlib import Path

SOURCES = [Path("src"), Path("endpoint/src")]


def known(text):
    """The modules that the code names."""
    code = "\n".join(line for line in text.split("#[cfg(test)]")[0].splitlines() if not line.lstrip().startswith("//"))
    names = set(re.findall(r"\bcrate::(\w+)", code))
    for group in re.findall(r"\buse crate::\{([^;]*)\};", code):
        names |= set(re.findall(r"(?:^|[,{\s])(\w+)::", group))
    return names


def graph(source):
    modules = {file.stem for file in source.glob("*.rs")} - {"lib"}
    edges = defaultdict(set)
    for file in source.rglob("*.rs"):
        module = file.relative_to(source).with_suffix("").parts[0]
        edges[module] |= known(file.read_text()) & modules - {module}
    return edges


def circle(edges):
    """Some circle, as the modules on it; None if there is none."""
    done = set()

    def walk(module, path):
        if module in path:
            return [*path[path.index(module):], module]
        if module in done:
            return None
        found = (walk(next_, [*path, module]) for next_ in sorted(edges[module]))
        result = next(filter(None, found), None)
        done.add(module)
        return result

    return next(filter(None, (walk(module, []) for module in sorted(edges.copy()))), None)


for source in SOURCES:
    if found := circle(graph(source)):
        sys.exit(f"modules of {source} in a circle: " + " -> ".join(found))
