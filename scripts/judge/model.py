"""What a script must leave behind, in plain Python.

Written from the rules, not from the oracle: a rule misread in Go would otherwise be
judged by its own misreading. Numbers and labels only; how they are spelled is Go's say.
"""

from bisect import bisect_left
from dataclasses import dataclass, field

CAPS = {"kind": 63, "name": 253, "namespace": 253, "type": 316}
MAX_TYPES = 16
STATUSES = ("True", "False", "Unknown", "Deleted")
NANOS = 1_000_000_000

FLUX_BOUNDS = (
    0.01, 0.038363583488692544, 0.1471764538093883, 0.5646216173286169, 2.166090855590701,
    8.309900738254731, 31.879757075478317, 122.30217221643493, 469.19495946736544, 1799.9999999999986,
)

# Family name: type, help.
FAMILIES = {
    "gotk_reconcile_condition": (
        "gauge", "The current condition status of a GitOps Toolkit resource reconciliation."),
    "gotk_reconcile_duration_seconds": (
        "histogram", "The duration in seconds of a GitOps Toolkit resource reconciliation."),
    "gotk_suspend_status": (
        "gauge", "The current suspend status of a GitOps Toolkit resource."),
}


def cap(label, value):
    # A cut character leaves a tail that does not decode; the rest is valid, so only it goes.
    return value.encode()[: CAPS[label]].decode(errors="ignore")


def nanoseconds(text):
    whole, _, fraction = text.partition(".")
    return int(whole) * NANOS + int(fraction.ljust(9, "0"))


@dataclass
class Object:
    conditions: dict = field(default_factory=dict)  # type: status
    suspended: bool | None = None
    buckets: list | None = None  # one count for each bound and +Inf, not cumulative
    total: float = 0.0
    deleted_at: int | None = None


class Model:
    """Runs statements (tuples of plain fields) and keeps what each print must show."""

    def __init__(self, bounds, grace):
        self.bounds = bounds
        self.grace = grace
        self.objects = {}
        self.types = {"Ready", "Reconciling", "Stalled"}
        self.now = 0
        self.prints = []  # (format, families)

    def run(self, statements):
        for name, *fields in statements:
            if name in ("condition", "suspend", "duration", "deleted", "forget"):
                key = tuple(map(cap, CAPS, fields[:3]))
                getattr(self, name)(key, *fields[3:])
            elif name == "advance":
                self.now += nanoseconds(fields[0])
                self.expire()
            elif name == "clear":
                self.objects.clear()
            elif name == "print":
                self.prints.append((fields[0], self.families()))
        return self.prints

    def condition(self, key, type_, status):
        type_ = cap("type", type_)
        if type_ not in self.types and len(self.types) >= MAX_TYPES:
            return
        self.types.add(type_)
        known = self.objects.setdefault(key, Object())
        if known.deleted_at is not None:
            known.deleted_at = None
            known.conditions = dict.fromkeys(known.conditions, "Unknown")
        known.conditions[type_] = status if status in ("True", "False") else "Unknown"

    def suspend(self, key, suspended):
        self.objects.setdefault(key, Object()).suspended = suspended == "true"

    def duration(self, key, seconds):
        known = self.objects.setdefault(key, Object())
        if known.buckets is None:
            known.buckets = [0] * (len(self.bounds) + 1)
        whole, nanos = divmod(nanoseconds(seconds), NANOS)
        value = float(whole) + nanos / 1e9  # as Go's Duration.Seconds, rounding included
        known.buckets[bisect_left(self.bounds, value)] += 1
        known.total += value

    def deleted(self, key):
        known = self.objects.get(key)
        if known and known.deleted_at is None:
            known.deleted_at = self.now
            known.conditions = dict.fromkeys(known.conditions, "Deleted")
            self.expire()

    def forget(self, key):
        self.objects.pop(key, None)

    def expire(self):
        for key, known in list(self.objects.items()):
            if known.deleted_at is not None and self.now - known.deleted_at >= self.grace:
                del self.objects[key]

    def families(self):
        """Family name: {sample: value}; a sample is its name, bound and other labels."""
        conditions, durations, suspends = ({} for _ in FAMILIES)
        for (kind, name, namespace), known in self.objects.items():
            labels = {"kind": kind, "name": name, "namespace": namespace}
            for type_, current in known.conditions.items():
                for status in STATUSES:
                    id_ = sample_id("gotk_reconcile_condition", {**labels, "status": status, "type": type_})
                    conditions[id_] = float(status == current)
            if known.suspended is not None:
                suspends[sample_id("gotk_suspend_status", labels)] = float(known.suspended)
            if known.buckets is not None:
                self.histogram(durations, labels, known)
        families = dict(zip(FAMILIES, (conditions, durations, suspends)))
        return {family: samples for family, samples in families.items() if samples}

    def histogram(self, samples, labels, known):
        family = "gotk_reconcile_duration_seconds"
        count = 0
        for bound, here in zip((*self.bounds, float("inf")), known.buckets):
            count += here
            samples[sample_id(family + "_bucket", {**labels, "le": bound})] = float(count)
        samples[sample_id(family + "_sum", labels)] = known.total
        samples[sample_id(family + "_count", labels)] = float(count)


def sample_id(name, labels):
    # `le` by its number: its digits are compared with Go's elsewhere.
    return name, frozenset((k, float(v) if k == "le" else v) for k, v in labels.items())


def line_count(format_, families):
    """Lines of one exposition: text has no end mark, so only this can part two of them."""
    return sum(2 + len(samples) for samples in families.values()) + (format_ == "openmetrics")
