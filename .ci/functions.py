"""Fails on a function of a script that is longer than 60 lines; clippy says so of Rust's.

A function is a `def` of Python, or `name() {` up to the next line that is only `}` in bash.
"""

import ast
import re
import subprocess
import sys
from pathlib import Path

LIMIT = 60


def of_python(text):
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node.name, node.end_lineno - node.lineno + 1


def of_bash(text):
    for found in re.finditer(r"^([\w-]+)\(\) \{\n(?:.*\n)*?\}$", text, re.MULTILINE):
        yield found[1], found[0].count("\n") + 1


def functions(file):
    text = file.read_text()
    first = text.partition("\n")[0]
    if file.suffix == ".py" or "python" in first:
        return of_python(text)
    return of_bash(text) if first.startswith("#!") and "bash" in first else ()


listed = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", ".ci", "deploy", "examples", "scripts"]
names = subprocess.run(listed, check=True, capture_output=True, text=True).stdout.split("\0")
scripts = [file for file in map(Path, names) if file.is_file() and file.suffix in ("", ".py")]
found = [(file, name, lines) for file in scripts for name, lines in functions(file)]
if not found:
    sys.exit("no function found in any script")
long = [f"{file}: `{name}` has {lines} lines, more than {LIMIT}" for file, name, lines in found if lines > LIMIT]
if long:
    sys.exit("\n".join(long))
