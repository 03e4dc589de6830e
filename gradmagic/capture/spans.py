"""Frames -> places in the code that the user wrote.

While the cell runs only code objects and instruction offsets are noted; lines and columns are worked out afterwards.
"""

from __future__ import annotations

import functools
import linecache
import os
import site
import sys
import sysconfig
from collections.abc import Mapping
from types import CodeType, FrameType
from typing import Any

from gradmagic.capture.translations import made_so_far
from gradmagic.recording import Span

Place = tuple[CodeType | str, int, int]

GENERATED = "__autograph_generated"
# Of a file that AutoGraph wrote: no file of the user's, and not one of a library.
TRANSLATED = ""
# Of gradmagic's own file: nobody's, and where a layer's call may be.
OWN = 0

PACKAGE = os.path.dirname(os.path.dirname(os.path.abspath(__file__))) + os.sep


# They stay the same in a process, and to ask for them takes longer than the rest of a check's beginning.
@functools.cache
def _library_folders() -> tuple[str, ...]:
    folders = {sysconfig.get_paths()[k] for k in ("stdlib", "platstdlib", "purelib", "platlib")}
    folders.update(site.getsitepackages() if hasattr(site, "getsitepackages") else [])
    folders.add(site.getusersitepackages())
    return tuple(os.path.join(os.path.abspath(f), "") for f in folders if f)


class Spans:
    """Which code is the user's, and where it stands.

    `cells` maps the file name that a cell was compiled under to ``"current"`` or its execution count; `first_lines` says by how many lines the editor counts
    differently (leading blank lines that IPython drops), `moved` where the lines of a cell stand in its edited form, which runs in part.
    """

    def __init__(self, cells: Mapping[str, str | int], offsets: Mapping[str, int] | None = None, moved: Mapping[str, Mapping[int, int]] | None = None) -> None:
        self.cells = dict(cells)
        self.offsets = dict(offsets or {})
        self.moved = dict(moved or {})
        self._libraries = _library_folders()
        self._user_file: dict[str, bool | str | int] = {}
        self.layer_call: CodeType | None = None
        # Code objects are slow to hash: the ids of those that stand around an optimizer's step.
        self.apply_calls: set[int] = set()
        self._translations: dict[str, dict[int, tuple[str, int, str]]] = {}
        self._spans: dict[tuple[int | str, int, int], tuple[CodeType | str, Span | None]] = {}
        # Python counts through all of a code object for the line of one instruction. A place keeps its code object, so that no other one gets its id.
        self._places: dict[int, dict[int, Place]] = {}

    def is_user_file(self, filename: str) -> bool:
        known = self._user_file.get(filename)
        if known is None:
            known = self._user_file[filename] = self._judge(filename)
        return bool(known)

    def _judge(self, filename: str) -> bool | str | int:
        if filename in self.cells:
            return True
        if GENERATED in filename:
            return TRANSLATED
        if filename.startswith(("<frozen", "<string", "<__array_function__", "<attrs")):
            return False
        if filename.startswith("<ipython-input") or f"{os.sep}ipykernel_" in filename:
            return True
        if filename.startswith("<"):
            return False
        path = os.path.abspath(filename)
        if path.startswith(PACKAGE):
            return OWN
        return not path.startswith(self._libraries)

    def place(self, frame: FrameType | None, doing: Any = None) -> Place | None:
        """The innermost place of the user's code from `frame` outwards. With `doing`, the frames below a layer's call lead at once to the place that it has for that call."""
        known, boundary = self._user_file.get, None if doing is None else self.layer_call
        while frame is not None:
            # Nearly every frame is of a library's code.
            if (is_user := known((code := frame.f_code).co_filename)) is not False:
                if code is boundary:
                    return doing.layer_at  # type: ignore[no-any-return]
                if is_user or (is_user is None and self.is_user_file(code.co_filename)):
                    try:
                        return self._places[id(code)][frame.f_lasti]
                    except KeyError:
                        place = self._places.setdefault(id(code), {})[frame.f_lasti] = code, frame.f_lasti, frame.f_lineno
                        return place
                if is_user == TRANSLATED:
                    # What `tf.map_fn` is given is translated by AutoGraph outside of graphs as well.
                    origin = self.translated(code.co_filename, frame.f_lineno)
                    if origin is not None:
                        return origin[0], -1, origin[1]
            frame = frame.f_back
        return None

    def is_users(self, frame: FrameType | None) -> bool:
        """Whether code of the user's runs here, inside of an optimizer's step."""
        while frame is not None and id(frame.f_code) not in self.apply_calls:
            if self.is_user_file(frame.f_code.co_filename):
                return True
            frame = frame.f_back
        return False

    def places(self, frame: FrameType | None) -> tuple[Place, ...]:
        """Every place of the user's code from `frame` outwards, innermost first."""
        found = []
        while frame is not None:
            if self.is_user_file(frame.f_code.co_filename):
                found.append((frame.f_code, frame.f_lasti, frame.f_lineno))
            frame = frame.f_back
        return tuple(found)

    def frame(self, frame: FrameType | None) -> FrameType | None:
        """The innermost frame of the user's code from `frame` outwards, whether Python runs it or AutoGraph's translation of it."""
        while frame is not None and not (GENERATED in frame.f_code.co_filename or self.is_user_file(frame.f_code.co_filename)):
            frame = frame.f_back
        return frame

    def traced_place(self, frame: FrameType | None) -> Place | None:
        """As `place`, where a graph is being traced: AutoGraph's translation leads back to the line that the user wrote."""
        plain = self.place(frame)
        inner = self.frame(frame)
        if inner is None or GENERATED not in inner.f_code.co_filename:
            return plain
        step: FrameType | None = inner
        while step is not None and GENERATED in step.f_code.co_filename:
            origin = self.translated(step.f_code.co_filename, step.f_lineno)
            if origin is not None:
                return origin[0], -1, origin[1]
            step = self.frame(step.f_back)
        from tensorflow.python.util import tf_stack

        for traced in reversed(list(tf_stack.extract_stack())):
            if self.is_user_file(traced.filename):
                return traced.filename, -1, traced.lineno
        return plain

    def translated(self, filename: str, line: int) -> tuple[str, int, str] | None:
        """(file, line, function) of the user's code that a line of AutoGraph's translation stands for.

        TensorFlow keeps this per thread and per call; replicas run in threads of their own, where it is not known.
        """
        if filename not in self._translations:
            self._translations.setdefault(filename, {})
            for made, source_map in made_so_far():
                self._translations[made] = {location.lineno: (origin.loc.filename, origin.loc.lineno, origin.function_name) for location, origin in source_map.items()}
        found = self._translations[filename].get(line)
        return found if found is not None and self.is_user_file(found[0]) else None

    def span(self, place: Place | None) -> Span | None:
        """The place as the editor shows it: lines from 1 with the magic's line counted, columns where Python keeps them (3.11 and newer)."""
        if place is None:
            return None
        # A code object is slow to hash, so its identity stands for it; it is kept so that no other one gets its address.
        code, lasti, lineno = place
        key = (code if isinstance(code, str) else id(code), lasti, lineno)
        known = self._spans.get(key)
        if known is None:
            known = self._spans[key] = code, self._make(code, lasti, lineno)
        return known[1]

    def _make(self, code: CodeType | str, lasti: int, lineno: int) -> Span:
        if isinstance(code, str):
            return self.at(code, lineno)
        line, end_line, column, end_column = _positions(code, lasti, lineno)
        name = None if code.co_name in ("<module>", "<cell line: 1>") or code.co_name.startswith("<cell") else code.co_name
        return self.at(code.co_filename, line, end_line, column, end_column, name)

    def at(self, filename: str, line: int, end_line: int | None = None, column: int = 0, end_column: int = 0, function: str | None = None) -> Span:
        """The span of a line (and columns, if known) of a file or a compiled cell."""
        text = linecache.getline(filename, line).rstrip("\r\n")
        if column or end_column:
            column, end_column = _characters(text, column), _characters(linecache.getline(filename, end_line or line).rstrip("\r\n"), end_column)
        shift = self.offsets.get(filename, 0)
        cell = self.cells.get(filename)
        if cell is None and filename.startswith("<ipython-input"):
            # A run of a cell from before the history was cleared.
            cell = next((self.cells[name] for name in reversed(self.cells) if linecache.getlines(name) == linecache.getlines(filename)), None)
        to = self.moved.get(filename, {})
        return Span(cell, None if cell is not None else _shown(filename), to.get(line, line) + shift, column, to.get(end_line or line, end_line or line) + shift, end_column, text, function)

    def lookup(self, filename: str, line: int, function: str | None = None) -> Span | None:
        """The span of a line in user code, None if the file is a library's."""
        if not self.is_user_file(filename):
            return None
        return self.at(filename, line, function=None if function in (None, "<module>") else function)


def _shown(filename: str) -> str:
    try:
        relative = os.path.relpath(filename)
    except ValueError:
        return filename
    return filename if relative.startswith("..") else relative


def _positions(code: CodeType, lasti: int, lineno: int) -> tuple[int, int, int, int]:
    if sys.version_info >= (3, 11) and lasti >= 0:
        for index, (line, end_line, column, end_column) in enumerate(code.co_positions()):
            if index == lasti // 2:
                if line is None or column is None or end_column is None:
                    break
                return line, end_line or line, column, end_column
    return lineno, lineno, 0, 0


def _characters(text: str, offset: int) -> int:
    return len(text.encode()[:offset].decode(errors="ignore")) if not text.isascii() else offset


def exception_place(error: BaseException, spans: Spans) -> Place | None:
    """The innermost place of the user's code in the traceback of `error`."""
    found: Place | None = None
    step: Any = error.__traceback__
    while step is not None:
        if spans.is_user_file(step.tb_frame.f_code.co_filename):
            found = (step.tb_frame.f_code, step.tb_lasti, step.tb_lineno)
        step = step.tb_next
    return found
