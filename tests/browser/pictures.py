"""Comparison of screenshots with the reference pictures in `tests/browser/pictures/`."""

from __future__ import annotations

import io
import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

FOLDER = Path(__file__).parent / "pictures"
# Fonts and their smoothing differ from machine to machine: blocks of this many pixels are compared, by their mean colour.
BLOCK = 24
DIFFERENT = 20.0
MOST_DIFFERENT = 0.02


def difference(one: Image.Image, other: Image.Image) -> float:
    """The share of blocks whose mean colour differs by more than 20 of 255; 1 where the sizes differ by more than a tenth."""
    wide, tall = max(one.width, other.width), max(one.height, other.height)
    if wide - min(one.width, other.width) > wide / 10 or tall - min(one.height, other.height) > tall / 10:
        return 1.0
    size = (max(one.width // BLOCK, 1), max(one.height // BLOCK, 1))
    small = [np.asarray(image.convert("RGB").resize(size, Image.Resampling.BOX), dtype=np.float64) for image in (one, other)]
    return float((np.abs(small[0] - small[1]).max(axis=2) > DIFFERENT).mean())


def check(name: str, png: bytes, found: Path) -> None:
    """Compare a screenshot with its reference; with GRADMAGIC_BLESS=1 it becomes the reference, to be looked at before it is committed."""
    path = FOLDER / f"{name}.png"
    if os.environ.get("GRADMAGIC_BLESS"):
        FOLDER.mkdir(exist_ok=True)
        Image.open(io.BytesIO(png)).convert("P", palette=Image.Palette.ADAPTIVE, colors=128).save(path, optimize=True)
        return
    assert path.exists(), f"no reference {path}; make it with GRADMAGIC_BLESS=1 and look at it"
    share = difference(Image.open(io.BytesIO(png)), Image.open(path))
    if share > MOST_DIFFERENT:
        found.mkdir(parents=True, exist_ok=True)
        (found / f"{name}.png").write_bytes(png)
        pytest.fail(f"{share:.1%} of {name} looks different; the new picture is {found / name}.png", pytrace=False)
