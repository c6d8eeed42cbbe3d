"""What `stages` asks cargo about the packages, so that nothing new is forgotten there.

Reads `cargo metadata` only; a line per answer.
"""

import itertools
import json
import subprocess
import sys


def metadata(*options):
    command = ["cargo", "metadata", "--locked", "--format-version", "1", *options]
    return json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)


def package(data):
    [found] = [one for one in data["packages"] if one["name"] == "gotk-metrics"]
    return found


def features():
    # Users do not enable `kube-any`: the features of kube enable it.
    return sorted(one for one in package(metadata("--no-deps"))["features"] if one != "kube-any")


def pairs():
    return [",".join(pair) for pair in itertools.combinations([one for one in features() if one != "default"], 2)]


def examples():
    targets = package(metadata("--no-deps"))["targets"]
    return sorted(one["name"] for one in targets if "example" in one["kind"])


def target():
    return [metadata("--no-deps")["target_directory"]]


def number(version):
    parts = [int(part) for part in version.split(".")]
    return parts + [0] * (3 - len(parts))


def msrv():
    """Everything that a user of the package builds works with its oldest Rust, as far as it says."""
    data = metadata("--all-features")
    ours = package(data)
    packages = {one["id"]: one for one in data["packages"]}
    nodes = {one["id"]: one for one in data["resolve"]["nodes"]}
    built, waiting = set(), [ours["id"]]
    while waiting:
        one = waiting.pop()
        if one not in built:
            built.add(one)
            waiting += [dep["pkg"] for dep in nodes[one]["deps"] if any(kind["kind"] != "dev" for kind in dep["dep_kinds"])]
    oldest = ours["rust_version"]
    said = [packages[one] for one in built if packages[one]["rust_version"]]
    newer = [one for one in said if number(one["rust_version"]) > number(oldest)]
    if newer:
        sys.exit("\n".join(f"{one['name']} {one['version']} needs Rust {one['rust_version']}" for one in newer))
    return [f"none of {len(built)} packages needs more than Rust {oldest}; {len(built) - len(said)} do not say"]


if __name__ == "__main__":
    commands = {one.__name__: one for one in (features, pairs, examples, target, msrv)}
    print("\n".join(commands[sys.argv[1]]()))
