"""Icons and numbers that all views share."""

from __future__ import annotations

import math

ICONS = {"ok": "✓", "none": "∅", "zero": "0", "nan": "✗", "inf": "∞", "vanishing": "↓", "exploding": "↑", "wrong": "≠", "error": "!"}
COLORS = {
    "ok": "#1a7f4b",
    "none": "#b3261e",
    "zero": "#8a5a00",
    "nan": "#8e24aa",
    "inf": "#8e24aa",
    "vanishing": "#8a5a00",
    "exploding": "#8a5a00",
    "wrong": "#b3261e",
    "error": "#b3261e",
    "warning": "#8a5a00",
    "note": "#1f5fa8",
}


def number(value: float | None) -> str:
    """A number in three digits."""
    if value is None:
        return ""
    if math.isnan(value):
        return "nan"
    if math.isinf(value):
        return "inf" if value > 0 else "-inf"
    return f"{value:.3g}"


def shape_text(shape: tuple[int | None, ...] | None) -> str:
    """A shape as Python writes it, with `?` for an unknown size."""
    if shape is None:
        return ""
    return "(" + ", ".join("?" if d is None else str(d) for d in shape) + ("," if len(shape) == 1 else "") + ")"
