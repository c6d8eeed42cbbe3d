"""Seeded random replay scripts, made to be awkward."""

import random
from dataclasses import dataclass, replace

import model

OLD_FLUX_BOUNDS = "1e-08,1e-07,1e-06,9.999999999999999e-06,9.999999999999999e-05,0.001,0.01,0.1,1,10"

# Go's longest duration; a longer one has no Go answer to compare with.
MAX_NANOS = 2**63 - 1

# Parts of label values. Each has broken some writer, parser or sort order:
# what is escaped, what looks like syntax, and what sorts apart as bytes, UTF-16 or escaped text.
ATOMS = (
    "", "a", "a!", 'a"', '"', "\\", "\\n", "\\t", "\n", "\t", "\r", "\r\n", '\\"', "\\\n", " ", "  ", "!", "#",
    "# EOF", "\n# EOF\n", "# HELP x y", "{", "}", ",", "=", '",le="1', 'le="+Inf"} 1', ' # {a="b"} 1', "+Inf", "NaN",
    "\0", "\x01", "\x0b", "\x0c", "\x1b[31m", "\x1c", "\x7f", "\x85", "\xa0", "\u2028", "\u3000",
    "\u200e", "\u202e", "\u2066", "\ufeff", "e\u0301", "\u00e9", "\u0301", "\u00df", "\u0130", "\ud7ff", "\ue000",
    "\ufffd", "\uffff", "\U0001f600", "\U0001f469\u200d\U0001f467", "\U0001f1e9\U0001f1ea", "\U0010ffff",
    "Ready", "Deleted", "default", "podinfo", "0", "-", "%s", "\u4e2d\u6587",
)

# What a script does next, and how often.
STEPS = {
    "condition": 30, "suspend": 12, "duration": 14, "deleted": 16, "forget": 3, "advance": 16, "clear": 2, "print": 9,
    "burst": 2, "sweep": 3, "death": 3, "ghost": 2, "raw": 4,
}

# Lines that no reading of the grammar allows.
BAD_LINES = (
    "conditions\tA\tb\tc\tReady\tTrue", "condition\tA\tb\tc\tReady", "condition\tA\tb\tc\tReady\tTrue\t",
    "suspend\tA\tb\tc", "suspend\tA\tb\tc\tmaybe", "suspend\tA\tb\tc\t", "duration\tA\tb\tc", "duration\tA\tb\tc\t",
    "duration\tA\tb\tc\tabc", "duration\tA\tb\tc\t-1", "duration\tA\tb\tc\t1.0000000000", "duration\tA\tb\tc\t1.2.3",
    "duration\tA\tb\tc\tNaN", "duration\tA\tb\tc\tinf", "duration\tA\tb\tc\t1e3", "deleted\tA\tb",
    "deleted\tA\tb\tc\td", "forget", "forget\tA\tb", "advance", "advance\t", "advance\t-1", "advance\t1s",
    "clear\t", "print", "print\thtml", "print\ttext\ttext", " print\ttext", "\tprint\ttext", "\t", " ",
    "deleted\tA\\x\tb\tc", "deleted\tA\tb\tc\\", "forget\tA\t\\\"\tc",
)


@dataclass(frozen=True)
class Script:
    statements: tuple  # of tuples: statement and plain fields; ("raw", line) is written as it is
    bounds: str | None = None
    grace: str | None = None
    final_newline: bool = True

    def lines(self):
        return [s[1] if s[0] == "raw" else "\t".join(map(escape, s)) for s in self.statements]

    def text(self):
        return "\n".join(self.lines()) + "\n" * self.final_newline

    def flags(self):
        return [f"{flag}={value}" for flag, value in (("--bounds", self.bounds), ("--grace", self.grace))
                if value is not None]

    def prints(self):
        bounds = model.FLUX_BOUNDS if self.bounds is None else tuple(map(float, self.bounds.split(",")))
        return model.Model(bounds, model.nanoseconds(self.grace or "300")).run(self.statements)

    def without(self, start, stop):
        return replace(self, statements=self.statements[:start] + self.statements[stop:])


def escape(field):
    return field.replace("\\", "\\\\").replace("\n", "\\n").replace("\t", "\\t")


def decimal(nanos):
    whole, fraction = divmod(nanos, model.NANOS)
    return f"{whole}.{fraction:09}".rstrip("0").rstrip(".") if fraction else str(whole)


class Generator:
    def __init__(self, seed):
        self.rng = random.Random(seed)
        rng = self.rng
        self.bounds = rng.choices((None, OLD_FLUX_BOUNDS, self.random_bounds()), (5, 2, 3))[0]
        self.grace = rng.choice((None, None, "0", "1", "0.000000001", "2.5", "86400", "0.0"))
        kinds, names, namespaces = (self.values(label, rng.randint(1, 3)) for label in ("kind", "name", "namespace"))
        count = rng.choice((1, 1, 2, 3, 4))  # few, so that each lives more than one life
        self.objects = [(rng.choice(kinds), rng.choice(names), rng.choice(namespaces)) for _ in range(count)]
        self.types = rng.sample(("Ready", "Reconciling", "Stalled"), rng.randint(0, 3))
        # Now and then more than the table holds, some of them equal once they are capped.
        self.types += self.values("type", rng.choice((1, 1, 2, 3, 22)))
        self.spans = [self.span() for _ in range(rng.randint(1, 6))]

    def values(self, label, count):
        values = [self.value(label) for _ in range(count)]
        longest = max(values, key=len)
        if len(longest.encode()) > model.CAPS[label]:
            values.append(longest + self.rng.choice(ATOMS))  # the same object, spelled otherwise
        return values

    def value(self, label):
        rng = self.rng
        if rng.random() < 0.15:
            return self.long_value(model.CAPS[label])
        value = "".join(rng.choices(ATOMS, k=rng.choice((1, 1, 1, 2, 3, 6))))
        # We refuse an empty condition type, which Go exposes as a series without the label.
        return "x" if label == "type" and not value else value

    def long_value(self, limit):
        rng = self.rng
        at_cap = rng.choice(
            ("x", '"', "\\", "\n", "\u00e9", "e\u0301", "\u4e2d", "\U0001f600", "\U0001f469\u200d\U0001f467"))
        head = rng.choice(("x", "x", "\u00e9", "\U0001f600", '"'))
        room = limit - rng.randint(-1, 5)
        value = head * (room // len(head.encode()))
        value += "y" * (room - len(value.encode()))
        return value + at_cap + rng.choice(("", "", "z", "tail" * 50))

    def random_bounds(self):
        rng = self.rng
        pool = [0.0, 5e-324, 1e-9, 0.005, 0.25, 0.5, 1.0, 2.5, 3.0, 60.0, 3600.0, 123456789.0, 1e6, 2.0**53, 1e20, 1e21,
                1.7976931348623157e308, 0.1 + 0.2, 1 / 3]
        pool += [10 ** rng.uniform(-10, 12) for _ in range(12)]
        bounds = sorted(rng.sample(pool, rng.randint(1, 12)))
        return ",".join(repr(bound) for bound in bounds)

    def span(self):
        """A duration: of any size, or at a bound, or a nanosecond beside one."""
        rng = self.rng
        bounds = model.FLUX_BOUNDS if self.bounds is None else tuple(map(float, self.bounds.split(",")))
        near = min(rng.choice(bounds) * 1e9, MAX_NANOS - 1)
        nanos = rng.choice((
            rng.choice((0, 1, 999_999_999, model.NANOS, 2**53, 2**53 + 1, MAX_NANOS)),
            rng.choice((1, 2, 3, 7)) * 10 ** rng.randint(0, 15),
            int(10 ** rng.uniform(0, 16)),
            rng.randint(2**53, MAX_NANOS),  # whole seconds and nanoseconds no longer fit one float64
            round(near) + rng.choice((-1, 0, 0, 0, 1)),
        ))
        return decimal(max(0, min(nanos, MAX_NANOS)))

    def pause(self):
        grace = model.nanoseconds(self.grace or "300")
        nanos = self.rng.choice((0, 1, grace, grace, grace // 2, max(0, grace - 1), grace + 1, model.NANOS))
        return decimal(nanos)

    def status(self):
        rng = self.rng
        return rng.choice(("True", "False", "Unknown", "True", "False", "", "Deleted", "true", rng.choice(ATOMS)))

    def statements(self):
        """One step: mostly one statement, sometimes a run of them."""
        rng = self.rng
        object_ = rng.choice(self.objects)
        step = rng.choices(tuple(STEPS), STEPS.values())[0]
        if step == "condition":
            return [(step, *object_, rng.choice(self.types), self.status())]
        if step == "sweep":  # what fills the table of types
            types = rng.sample(self.types, rng.randint(1, len(self.types)))
            return [("condition", *object_, type_, self.status()) for type_ in types]
        if step == "suspend":
            return [(step, *object_, rng.choice(("true", "false")))]
        if step == "duration":
            return [(step, *object_, rng.choice(self.spans))]
        if step == "burst":
            return [("duration", *object_, rng.choice(self.spans))] * rng.randint(2, 60)
        if step == "death":  # a second deleted half way: the grace must still end when it would have
            grace = model.nanoseconds(self.grace or "300")
            return [("deleted", *object_), ("advance", decimal(grace // 2)), ("deleted", *object_),
                    ("advance", decimal(grace - grace // 2 - rng.choice((0, 0, min(1, grace))))), ("print", "text")]
        if step == "ghost":  # neither a refused type nor a deleted without an object may leave anything behind
            return [("forget", *object_), ("condition", *object_, rng.choice(self.types), self.status()),
                    ("deleted", *object_), ("suspend", *object_, "true"), ("advance", self.pause()), ("print", "text")]
        if step in ("deleted", "forget"):
            return [(step, *object_)]
        if step == "advance":
            return [(step, self.pause())]
        if step == "print":
            return [(step, rng.choice(("text", "openmetrics")))]
        if step == "raw":
            return [(step, rng.choice(("", "#", "# a comment", "#\t\\x\tforget", "##print\ttext")))]
        return [(step,)]

    def script(self):
        rng = self.rng
        statements = [s for _ in range(rng.choice((0, 5, 15, 30, 60, 100))) for s in self.statements()]
        statements += [("print", "text"), ("print", "openmetrics")]
        return Script(tuple(statements), self.bounds, self.grace, rng.random() < 0.9)


def random_script(seed):
    return Generator(seed).script()


def bad_script(seed):
    """A script with one bad line, and the number of that line."""
    generator = Generator(seed)
    script = generator.script()
    at = generator.rng.randint(0, len(script.statements))
    bad = ("raw", generator.rng.choice(BAD_LINES))
    return replace(script, statements=script.statements[:at] + (bad,) + script.statements[at:]), at + 1


def million_script():
    """Counts past a million, which text and OpenMetrics spell differently; too slow for every run of chance."""
    one = ("duration", "A", "b", "ns", "0.1")
    both = (("print", "text"), ("print", "openmetrics"))
    return Script((one,) * 999_999 + both + (one,) + both + (one,) + both)
