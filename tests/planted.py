"""Random programs of up to 200 operations in which the place that ends a gradient is known, because it was planted there.

Variables `v…` reach the loss on healthy paths. Each variable `p…` reaches it through one planted line only, or not at all. All around stand
harmless lines that look alike: values that are logged, detached next to a healthy path, rounded, assigned, computed and dropped.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field

Place = tuple[str, str, int]  # rule, "check" or "setup", line

SETUP = """\
import numpy as np
import tensorflow as tf
ROTATION = tf.constant([[0.36, 0.48, -0.8], [-0.8, 0.6, 0.0], [0.48, 0.64, 0.6]])
KEEP = tf.constant([True, False, True])
log, untaken = [], False

def blend(a, b):
    return 0.6 * a + 0.4 * tf.tanh(b)

def detached(a):
    return tf.stop_gradient(a, name="of_SEED")

def levels(a):
    return tf.floor(a * 8.0, name="of_SEED") / 8.0
"""
HELPERS = {"detached": 11, "levels": 14}

HEALTHY = (
    "0.7 * {a} + 0.3 * {b}",
    "{a} + 0.1 * tf.tanh({b})",
    "tf.linalg.matvec(ROTATION, {a})",
    "tf.gather({a}, [2, 0, 1])",
    "tf.reverse({a}, [0])",
    "tf.sin({a}) + 0.5 * {b}",
    "{a} * tf.sigmoid({b}) + 0.4 * {b}",
    "tf.stack(tf.unstack({a})[::-1])",
    "{a} - 0.17 * tf.reduce_mean({b})",
    "tf.where(KEEP, {a}, 0.9 * {a} + 0.1 * {b})",
    "tf.reshape(tf.reshape({a}, (3, 1)), (3,)) * 1.01",
    "tf.nn.softplus({a}) - 0.5",
    "tf.identity({a}) + 0.05",
    "tf.concat([{a}, {b}], 0)[:3] + 0.1 * {b}",
    "tf.reduce_sum(tf.stack([{a}, {b}]), axis=0) * 0.6",
    "blend({a}, {b})",
)
HARMLESS = (
    "{a} + 0.2 * tf.stop_gradient({b})",
    "{a} + 0.1 * tf.cast(tf.argmax({b}), tf.float32)",
    "{a} + 0.1 * tf.cast({b} > 0.0, tf.float32)",
    "{a} + 0.1 * tf.round({b})",
    "{a} + 0.1 * detached({b})",
    "{a} + tf.stop_gradient(tf.round({a} * 4.0) / 4.0 - {a})",
    "{a} * tf.cast(tf.cast(tf.ones(3), tf.int32), tf.float32)",
)
HARMLESS_EAGER = ("{a} + 0.1 * np.tanh({b}.numpy())", "{a} * float(tf.sigmoid(tf.reduce_sum({b})))")

CUTS = {
    "stop": ("tf.stop_gradient({a})", "none/stop-gradient"),
    "cast": ("tf.cast(tf.cast({a} * 8.0, tf.int32), tf.float32)", "none/non-float-dtype"),
    "argmax": ("tf.cast(tf.argmax({a}), tf.float32) * tf.ones(3)", "none/non-differentiable-op"),
    "argsort": ("tf.cast(tf.argsort({a}), tf.float32)", "none/non-differentiable-op"),
    "round": ("tf.round({a} * 3.0)", "none/non-differentiable-op"),
    "compare": ("tf.cast({a} > 0.1, tf.float32)", "none/non-differentiable-op none/non-float-dtype"),
    "detached": ("detached({a})", "none/stop-gradient"),
    "levels": ("levels({a})", "none/non-differentiable-op"),
}
CUTS_EAGER = {
    "numpy": ("tf.constant({a}.numpy())", "none/left-tensorflow"),
    "np": ("tf.convert_to_tensor(np.tanh({a}))", "none/left-tensorflow"),
    "list": ("tf.constant([float(e) for e in {a}])", "none/left-tensorflow"),
}
CUTS_COMPILED = {"numpy_function": ("tf.reshape(tf.numpy_function(np.tanh, [{a}], tf.float32), (3,))", "none/left-tensorflow")}
WITHOUT_VALUE = ("assign", "branch", "outside", "unused", "discarded")


@dataclass
class Planted:
    """A program: cells, what each source's gradient is, which places may be blamed for each planted source, and the program without the cuts."""

    seed: int
    setup: str
    cell: str
    sources: tuple[str, ...]
    statuses: tuple[str, ...]
    expected: tuple[frozenset[Place], ...]
    repaired: str
    kinds: tuple[str, ...]


@dataclass
class _Growing:
    """The cell under construction: its lines, and what the values in it depend on by differentiable paths."""

    random: random.Random
    first: int
    indent: str
    lines: list[tuple[str, str]] = field(default_factory=list)
    values: dict[str, frozenset[str]] = field(default_factory=dict)
    names: int = 0

    def line(self, text: str, repaired: str | None = None) -> int:
        self.lines.append((self.indent + text, self.indent + (text if repaired is None else repaired)))
        return self.first + len(self.lines) - 1

    def name(self) -> str:
        self.names += 1
        return f"t{self.names}"

    def pick(self) -> str:
        names = list(self.values)
        return self.random.choice(names[-8:] if self.random.random() < 0.7 else names)

    def compute(self, template: str, alive: tuple[str, ...] = ("a", "b")) -> str:
        a, b, name = self.pick(), self.pick(), self.name()
        self.line(f"{name} = {template.format(a=a, b=b)}")
        used = (a, b) if "{b}" in template and "b" in alive else (a,)
        self.values[name] = frozenset().union(*(self.values[u] for u in used))
        return name


class _Plant:
    """One planted source on its way: some healthy operations, the cut, and the way on to the loss."""

    def __init__(self, name: str, kind: str, g: _Growing) -> None:
        self.name, self.kind, self.g = name, kind, g
        self.steps = g.random.randint(0, 5) if kind not in ("branch", "outside", "unused", "discarded") else 0
        self.value, self.places, self.done = name, frozenset[Place](), False

    def grow(self) -> None:
        g = self.g
        if self.steps:
            self.steps -= 1
            name = g.name()
            g.line(f"{name} = {g.random.choice([t for t in HEALTHY if '{b}' not in t]).format(a=self.value)}")
            self.value = name
        else:
            self.cut()
            self.done = True

    def cut(self) -> None:
        g, name = self.g, self.g.name()
        if self.kind == "unused":
            return
        if self.kind == "discarded":
            self.places = frozenset({("none/discarded-result", "check", g.line(f"{name} = tf.tanh({self.value}) * 0.5"))})
            return
        if self.kind == "branch":
            self.branch(name)
        elif self.kind == "assign":
            at = g.line(f"store_{self.name}.assign({self.value})", f"back_{self.name} = {self.value}")
            g.line(f"{name} = store_{self.name} * 1.0", f"{name} = back_{self.name} * 1.0")
            self.places = frozenset({("none/state-assignment", "check", at)})
        elif self.kind == "outside":
            g.line(f"{name} = before_{self.name} * 1.0", f"{name} = tf.tanh({self.name}) * 1.0")
        else:
            template, rules = {**CUTS, **CUTS_EAGER, **CUTS_COMPILED}[self.kind]
            at = g.line(f"{name} = {template.format(a=self.value)}", f"{name} = {self.value} * 1.0")
            where = ("setup", HELPERS[self.kind]) if self.kind in HELPERS else ("check", at)
            self.places = frozenset((rule, *where) for rule in rules.split())
        after = g.name()
        other = g.pick()
        g.line(f"{after} = {other} + 0.3 * tf.tanh({name})")
        g.values[after] = g.values[other] | {f"cut {self.name}"}

    def branch(self, name: str) -> None:
        g = self.g
        g.line(f"{name} = {g.pick()} * 1.0")
        at = g.line("if untaken:", "if not untaken:")
        g.line(f"    {name} = {name} + 0.5 * {self.name}")
        self.places = frozenset({("none/branch-not-taken", "check", at), ("none/branch-not-taken", "check", at + 1)})


def _noise(g: _Growing, plants: list[_Plant], compiled: bool, counter: list[int]) -> None:
    kind = g.random.choice(("beside", "beside", "beside", "log", "drop", "assign", "branch", "prefix"))
    if kind == "beside":
        template = g.random.choice(HARMLESS + (() if compiled else HARMLESS_EAGER))
        g.compute(template, alive=("a",))
    elif kind == "log":
        g.line("tf.debugging.assert_all_finite(" + g.pick() + ", 'finite')" if compiled else f"log.append(float(tf.reduce_sum({g.pick()})))")
    elif kind == "drop":
        g.line(f"{g.name()} = tf.exp({g.pick()}) * 2.0")
    elif kind == "assign":
        counter[0] += 1
        g.line(f"kept.assign({g.pick()})")
    elif kind == "branch":
        a = g.compute("{a} * 1.0")
        g.line("if untaken:")
        g.line(f"    {a} = tf.stop_gradient({a})")
    else:
        behind = [p.value for p in plants if not p.done and p.value != p.name]
        if behind and not compiled:
            g.line(f"log.append({g.random.choice(behind)}.numpy().tolist())")


def plant(seed: int, compiled: bool, most: int = 200) -> Planted:
    """The program of a seed, eager or inside `tf.function`, of 5 to `most` operations with up to 2 planted cuts."""
    r = random.Random(f"{seed} {compiled}")
    cuts = [*CUTS, *(CUTS_COMPILED if compiled else CUTS_EAGER), *WITHOUT_VALUE]
    kinds = r.sample(cuts, r.choice((0, 1, 1, 1, 2)))
    names = [f"v{i}" for i in range(r.randint(1, 5))]
    head = ["@tf.function", "def step():"] if compiled else []
    inner = "    " if compiled else ""
    plants_before = [i for i, kind in enumerate(kinds) if kind == "outside"]
    before = [f"{inner}before_p{i} = tf.tanh(p{i})" for i in plants_before]
    first = 2 + len(head) + len(before) + 1
    g = _Growing(r, first, inner + "    ")
    for name in names:
        start = g.name()
        g.line(f"{start} = {name} * {r.uniform(0.8, 1.2):.3f}")
        g.values[start] = frozenset({name})
    plants = [_Plant(f"p{i}", kind, g) for i, kind in enumerate(kinds)]
    for place, i in enumerate(plants_before):
        plants[i].places = frozenset({("none/outside-tape", "check", 2 + len(head) + place)})
    operations, counter = r.randint(5, most), [0]
    while len(g.lines) < operations or not all(p.done for p in plants):
        waiting = [p for p in plants if not p.done]
        draw = r.random()
        if waiting and (draw < 0.1 or len(g.lines) >= operations):
            r.choice(waiting).grow()
        elif draw < 0.3:
            _noise(g, plants, compiled, counter)
        else:
            g.compute(r.choice(HEALTHY))
    wanted = set(names) | {f"cut {p.name}" for p in plants if p.kind not in ("unused", "discarded")}
    chosen: list[str] = []
    for name in reversed(g.values):
        if g.values[name] & wanted:
            chosen.append(name)
            wanted -= g.values[name]
    g.line(f"loss = tf.reduce_sum({' + '.join(chosen)})")
    sources = [*names, *(p.name for p in plants)]
    r.shuffle(sources)
    tail = [f"{inner}grads = tape.gradient(loss, [{', '.join(sources)}])"]
    call = g.first + len(g.lines)
    tail += ["    return [g for g in grads if g is not None]", "result = step()"] if compiled else []
    tape = [f"{inner}with tf.GradientTape() as tape:"]
    for p in plants:
        if p.kind == "unused":
            p.places = frozenset({("none/unused-variable", "check", call)})
    made = [f"{name} = tf.Variable({[round(r.uniform(-1.0, 1.0), 4) for _ in range(3)]}, name='{name}')" for name in sources]
    made += [f"store_{p.name} = tf.Variable(tf.zeros(3), trainable=False, name='store_{p.name}')" for p in plants if p.kind == "assign"]
    made += ["kept = tf.Variable(tf.zeros(3), trainable=False, name='kept')"]
    fixed = ["    return grads", "grads = step()"] if compiled else []
    return Planted(
        seed,
        # AutoGraph takes functions of equal code for one, and would then name the line in another program.
        SETUP.replace("SEED", str(seed)) + "\n".join(made) + "\n",
        "\n".join([*head, *before, *tape, *(text for text, _ in g.lines), *tail]) + "\n",
        tuple(sources),
        tuple("none" if s.startswith("p") else "ok" for s in sources),
        tuple(p.places for p in plants),
        "\n".join([*head, *before, *tape, *(text for _, text in g.lines), tail[0], *fixed]) + "\n",
        tuple(kinds),
    )
