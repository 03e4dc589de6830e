"""Where a value comes from, followed back through code that was never run."""

from __future__ import annotations

import ast

import pytest

from gradmagic.ancestry import Ancestry
from gradmagic.computed_early import Check, Source, computed_at
from gradmagic.recording import Cell, Recording, Span

CLASSES = """
class Plain:
    def features(self):
        return x * 2.0

class Scaled:
    def features(self):
        return x * w

plain, scaled = Plain(), Scaled()
first = plain.features()
second = scaled.features()
"""


def recording(current: str, earlier: str = "") -> Recording:
    return Recording(Cell("check", 2, current), code={"current": current, 1: earlier})


def blamed(current: str, earlier: str) -> str | None:
    """The line that computed from `w` what the last line of a cell reads."""
    facts = recording(current, earlier)
    lines = [Span("current", None, line, 0, line, 1, "") for line in range(1, current.count("\n") + 2)]
    found = computed_at(facts, Check(facts, lines[-1:], lines), Source(1, frozenset({"w"}), frozenset(), "w"))
    return found.code if found is not None else None


@pytest.mark.parametrize("line", ["a.next.next = a.next", "a[0], a[1] = a[1], a[0]", "a.next = a", "a = a.next", "a = a[0] = f(a)"])
def test_what_leads_back_to_itself_ends(line: str) -> None:
    web = Ancestry(recording(line))
    for node in web.texts["current"].parent:
        if isinstance(node, (ast.Name, ast.Attribute, ast.Subscript)) and isinstance(node.ctx, ast.Load):
            web.givers("current", node)
    assert blamed(f"{line}\nloss = a", "a = w * 2.0") in (None, "a = w * 2.0")


@pytest.mark.parametrize("length", [20, 1000])
def test_long_ways_are_followed_or_given_up(length: int) -> None:
    earlier = "h0 = w * 2.0\n" + "\n".join(f"h{i} = tf.nn.relu(h{i - 1})" for i in range(1, 50))
    current = "k0 = [h49]\n" + "\n".join(f"k{i} = [k{i - 1}]" for i in range(1, length)) + f"\nloss = k{length - 1}"
    assert blamed(current, earlier) == ("h49 = tf.nn.relu(h48)" if length == 20 else None)


def test_methods_are_told_apart_by_their_class() -> None:
    assert blamed("loss = second", CLASSES) == "second = scaled.features()"
    assert blamed("loss = first", CLASSES) is None
