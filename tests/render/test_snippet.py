"""Code frames: where the marks end up."""

from __future__ import annotations

from gradmagic.render.snippet import CodeLine, Mark, frames, segments, shown, window
from gradmagic.render.text import frame_lines
from gradmagic.report import CellInfo, Finding, Label, Location

CELL = CellInfo(None, 4, "%%gradcheck\na = f(\n    b,\n    c,\n)\nd = a\ne = d\n\tf = '漢字' + g(e)")


def at(line: int, start: int, end_line: int, end: int) -> Location:
    return Location("current", None, line, start, end_line, end, CELL.source.split("\n")[line - 1])


def finding(*labels: Label, location: Location | None = None) -> Finding:
    return Finding("none/x", "error", "m", location, labels)


def drawn(*labels: Label, width: int = 100) -> str:
    return "\n".join(line.rstrip() for line in frame_lines(finding(*labels), CELL, width=width))


def test_without_labels_the_location_is_marked() -> None:
    (frame,) = frames(finding(location=at(6, 4, 6, 5)), CELL)
    assert frame.lines == (CodeLine(6, "d = a", (Mark(4, 5, "", True),)),)
    assert frames(finding(), CELL) == ()


def test_a_label_over_several_lines() -> None:
    assert (
        drawn(Label(at(2, 4, 5, 1), "this call", True))
        == """\
 --> cell [4], line 2
  |
2 | a = f(
  |     ^^
3 |     b,
  |     ^^
4 |     c,
  |     ^^
5 | )
  | ^ this call"""
    )


def test_a_second_label_over_several_lines_marks_the_first() -> None:
    assert drawn(Label(at(2, 4, 5, 1), "this call"), Label(at(6, 0, 6, 1), "", True)).splitlines()[2:5] == [
        "2 | a = f(",
        "  |     -- this call",
        "...",
    ]


def test_a_single_line_between_two_labels_is_shown_and_a_longer_gap_is_not() -> None:
    text = drawn(Label(at(2, 0, 2, 1), "", True), Label(at(4, 4, 4, 5), "c"), Label(at(7, 0, 7, 1), "e"))
    assert "3 |     b," in text and "6 | d = a" not in text and "\n...\n7 | e = d" in text


def test_tabs_and_wide_characters_keep_marks_under_the_code() -> None:
    assert (
        drawn(Label(at(8, 12, 8, 16), "here", True), Label(at(8, 6, 8, 8), "two columns each"))
        == """\
 --> cell [4], line 8
  |
8 |     f = '漢字' + g(e)
  |                  ^^^^ here
  |          ---- two columns each"""
    )


def test_other_cells_and_files_follow_the_primary_label() -> None:
    other = Label(Location(2, None, 9, 0, 9, 1, "w = 1"), "made here")
    file = Label(Location(None, "m.py", 120, 0, 120, 1, "u = 1", "call"), "used here")
    assert (
        drawn(other, file, Label(at(6, 4, 6, 5), "lost here", True))
        == """\
   --> cell [4], line 6
    |
  6 | d = a
    |     ^ lost here
   ::: cell [2], line 9
    |
  9 | w = 1
    | - made here
   ::: m.py:120, in call
    |
120 | u = 1
    | - used here"""
    )


def test_columns_outside_the_line_do_no_harm() -> None:
    line = shown(CodeLine(1, "ab", (Mark(-5, -9, "", True), Mark(50, 60, "", False))))
    assert line.marks == (Mark(0, 1, "", True), Mark(2, 3, "", False))


def test_control_characters_move_the_marks_along() -> None:
    line = shown(CodeLine(1, "\x1b[31mx", (Mark(5, 6, "", True),)))
    assert line.code == "\\x1b[31mx"
    assert line.code[line.marks[0].start : line.marks[0].end] == "x"


def test_a_long_line_is_cut_around_its_mark() -> None:
    code = "x" * 300 + "GUILTY" + "y" * 300
    line = window(CodeLine(1, code, (Mark(300, 306, "", True),)), 60)
    assert len(line.code) == 60 and line.code[0] == line.code[-1] == "…"
    assert line.code[line.marks[0].start : line.marks[0].end] == "GUILTY"


def test_the_beginning_of_a_long_line_is_kept_when_the_mark_is_near() -> None:
    line = window(CodeLine(1, "loss = f(x)" + "z" * 300, (Mark(7, 11, "", True),)), 60)
    assert line.code.startswith("loss = f(x)") and line.marks[0].start == 7


def test_marks_outside_the_window_stay_on_its_edge() -> None:
    line = window(CodeLine(1, "a" * 400, (Mark(0, 2, "", False), Mark(300, 306, "", True), Mark(398, 400, "", False))), 40)
    assert [line.code[m.start : m.end] for m in line.marks] == ["…", "aaaaaa", "…"]


def test_the_inner_of_two_marks_wins() -> None:
    outer, inner = Mark(0, 4, "", True), Mark(2, 3, "", False)
    assert segments(CodeLine(1, "f(x)y", (outer, inner))) == [("f(", outer), ("x", inner), (")", outer), ("y", None)]
