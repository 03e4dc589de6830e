"""The text of every hand-built report, compared with what was read and found good."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from gradmagic.render.text import to_text
from tests.render import samples

BLESSED = Path(__file__).parent / "blessed" / "text"
WAYS: dict[str, dict[str, Any]] = {
    "": {},
    ".quiet": {"quiet": True},
    ".narrow": {"width": 60},
    ".color": {"color": True},
}


# One coloured report shows all colours.
KINDS = [(name, way) for name in samples.SAMPLES for way in WAYS if way != ".color" or name == "where_trap"]


@pytest.mark.parametrize(("name", "way"), KINDS)
def test_text_is_as_blessed(name: str, way: str, bless: bool) -> None:
    text = to_text(samples.SAMPLES[name](), **WAYS[way]) + "\n"
    path = BLESSED / f"{name}{way}.txt"
    if bless:
        path.write_text(text, encoding="utf-8", newline="\n")
    assert text == path.read_text(encoding="utf-8")


def test_escape_sequences_do_not_reach_the_terminal() -> None:
    plain = to_text(samples.hostile())
    assert plain.replace("\n", "").isprintable()
    assert "\\x1b[31mred" in plain
    coloured = to_text(samples.hostile(), color=True)
    assert "\x1b[31mred" not in coloured


def test_frame_is_the_one_of_the_documentation() -> None:
    assert """\
error[nonfinite/where-trap]: gradient of `rate` is NaN: `tf.where` hides the value of `log`, not its gradient
 --> cell [7], line 4
  |
4 |     score = tf.where(rate > 0, tf.math.log(rate), 0.0)
  |                                ^^^^^^^^^^^^^^^^^ going backward, the first NaN is made here
  |             -------- hides values only
""" in to_text(samples.where_trap())


def test_quiet_says_one_line_when_all_is_well() -> None:
    assert to_text(samples.all_ok(), quiet=True) == "✓ all 4 variables get a gradient, in all 100 runs"


def test_none_is_never_called_zero() -> None:
    for line in to_text(samples.stop_gradient()).splitlines():
        assert not ("None" in line and "zero" in line)
