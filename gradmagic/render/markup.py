"""HTML and SVG put together so that a string can only get in escaped."""

from __future__ import annotations

import functools
import html
from typing import Final

from gradmagic.render.characters import visible

_EMPTY: Final = frozenset({"img", "br", "meta"})


class Markup(str):
    """Text that is markup already; every other string is escaped."""

    __slots__ = ()


def text(content: str, *, keep: str = "") -> Markup:
    """`content` escaped, its control characters spelled out except those in `keep`."""
    return content if isinstance(content, Markup) else Markup(html.escape(visible(content, keep=keep)))


def join(*parts: str) -> Markup:
    """`parts` one after another, those that are no `Markup` escaped."""
    return Markup("".join(map(text, parts)))


def _attribute(key: str, value: str) -> str:
    return f' {key.rstrip("_").replace("_", "-")}="{html.escape(visible(value))}"'


# Most elements of a table or of a picture have those of the one before.
_REPEATED: Final = frozenset({"style", "fill", "stroke", "class_", "scope", "font_size", "font_family", "text_anchor", "stroke_width"})
_given = functools.lru_cache(maxsize=512)(_attribute)


def tag(kind: str, *children: str, **attributes: str | float | None) -> Markup:
    """An element. A trailing underscore of an attribute's name is dropped and others become hyphens; None leaves it out."""
    given = "".join([_given(key, str(value)) if key in _REPEATED else _attribute(key, str(value)) for key, value in attributes.items() if value is not None])
    if kind in _EMPTY:
        return Markup(f"<{kind}{given}>")
    return Markup(f"<{kind}{given}>{join(*children)}</{kind}>")
