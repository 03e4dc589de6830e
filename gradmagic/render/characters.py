"""Characters as they end up on a screen: made harmless, measured, cut and wrapped."""

from __future__ import annotations

import unicodedata

ELLIPSIS = "…"
_SHORT = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}
# Invisible or order-changing characters that Unicode files under "format" and that text legitimately needs inside words.
_JOINERS = "\u200c\u200d"


def visible(text: str, *, keep: str = "") -> str:
    """`text` with every control character, escape sequence, bidirectional override and lone surrogate spelled out.

    Args:
        text: any string, also a hostile one.
        keep: control characters to leave as they are, such as ``"\\n"``.

    Returns:
        A string that is safe to send to a terminal and that can be encoded as UTF-8.
    """
    if text.isascii() and text.isprintable():
        return text
    return "".join(c if c in keep else _spell(c) for c in text)


def _spell(char: str) -> str:
    if char.isprintable() or char in _JOINERS or unicodedata.category(char) == "Zs":
        return char
    if char in _SHORT:
        return _SHORT[char]
    code = ord(char)
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def char_width(char: str) -> int:
    """The number of terminal columns that one harmless character takes: 0, 1 or 2."""
    if char.isascii():
        return 1
    if char in _JOINERS or unicodedata.combining(char) or unicodedata.category(char) in ("Mn", "Me"):
        return 0
    return 2 if unicodedata.east_asian_width(char) in "WF" else 1


def text_width(text: str) -> int:
    """The number of terminal columns that `text`, already harmless, takes."""
    return len(text) if text.isascii() else sum(map(char_width, text))


def clip(text: str, width: int) -> str:
    """`text` cut at the end, with an ellipsis, to at most `width` columns."""
    if text_width(text) <= width:
        return text
    return _take(text, max(width - 1, 0)) + ELLIPSIS


def clip_middle(text: str, width: int) -> str:
    """`text` cut in the middle to at most `width` columns: the end of a variable's path says the most."""
    if text_width(text) <= width:
        return text
    head = max((width - 1) // 3, 0)
    tail = _take(text[::-1], max(width - 1 - head, 0))[::-1]
    return _take(text, head) + ELLIPSIS + tail


def pad(text: str, width: int, *, right: bool = False) -> str:
    """`text` filled with spaces to `width` columns; with `right` the spaces come first."""
    fill = " " * max(width - text_width(text), 0)
    return fill + text if right else text + fill


def wrap(text: str, width: int) -> list[str]:
    """The words of `text` on lines of at most `width` columns; a longer word is broken. An empty text gives one empty line."""
    width = max(width, 2)
    lines: list[str] = []
    current = ""
    for word in text.split(" "):
        while text_width(word) > width:
            if current:
                lines.append(current)
                current = ""
            head = _take(word, width)
            lines.append(head)
            word = word[len(head) :]
        joined = f"{current} {word}" if current else word
        if text_width(joined) <= width:
            current = joined
        else:
            lines.append(current)
            current = word
    return [*lines, current] if current or not lines else lines


def _take(text: str, width: int) -> str:
    taken = 0
    for index, char in enumerate(text):
        taken += char_width(char)
        if taken > width:
            return text[:index]
    return text
