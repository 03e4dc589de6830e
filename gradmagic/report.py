"""CONCLUSIONS: what a check yields, as plain frozen values that every view reads.

A `Report` is JSON all the way down: `to_dict` and `from_dict` are inverse to each other, and the JSON is strict
(`NaN` and infinities travel as the strings ``"nan"``, ``"inf"`` and ``"-inf"``). Lines count from 1 as the editor shows
them, the ``%%gradcheck`` line being line 1 of its cell; columns count from 0. Text fields are plain strings: backticks for
code, blank lines between paragraphs, four spaces before a displayed formula; never HTML.
"""

from __future__ import annotations

import json
import typing
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from gradmagic.strict_json import ReportFormatError, decoded, encoded, parsed

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SCHEMA = "gradmagic.report/1"

Status = Literal["ok", "none", "zero", "nan", "inf", "vanishing", "exploding", "wrong", "error"]
Severity = Literal["error", "warning", "note"]
Verdict = Literal["ok", "warning", "error"]
Certainty = Literal["certain", "likely"]
Applicability = Literal["safe", "unsafe", "display-only"]
NodeKind = Literal["variable", "op", "group", "input", "target", "cut"]
ChangeKind = Literal["better", "worse", "other"]
EdgeStatus = Literal["flows", "cut", "zero", "bad", "unused"]

STATUSES: tuple[Status, ...] = typing.get_args(Status)


@dataclass(frozen=True)
class Location:
    """A place in code: in the checked cell (``cell="current"``), in another cell (its execution count) or in a file."""

    cell: str | int | None
    file: str | None
    line: int
    column: int
    end_line: int
    end_column: int
    code: str
    function: str | None = None


@dataclass(frozen=True)
class Versions:
    gradmagic: str
    tensorflow: str | None
    keras: str | None
    python: str


@dataclass(frozen=True)
class CellInfo:
    id: str | None
    execution_count: int | None
    source: str


@dataclass(frozen=True)
class Target:
    """What was differentiated. `value` is its value where it is a single number."""

    name: str
    shape: tuple[int | None, ...] | None
    dtype: str | None
    value: float | None = None


@dataclass(frozen=True)
class Histogram:
    """Counts of the finite elements between neighbouring `edges` (one edge more than counts)."""

    edges: tuple[float, ...]
    counts: tuple[int, ...]


@dataclass(frozen=True)
class GradientStats:
    """A gradient in numbers: Euclidean `norm`, and `zeros`, `nans`, `infs` as counts of elements.

    For a gradient with selected rows (`sparse`, as from an embedding) the numbers are about those rows. `norm_history` holds the norm of each run
    that was looked at, in order.
    """

    norm: float
    mean: float
    std: float
    min: float
    max: float
    zeros: int
    nans: int
    infs: int
    sparse: bool = False
    histogram: Histogram | None = None
    norm_history: tuple[float, ...] = ()


@dataclass(frozen=True)
class ValueStats:
    """The value of a variable in numbers; `norm` is Euclidean, `nans` and `infs` count elements."""

    norm: float
    min: float
    max: float
    nans: int
    infs: int


@dataclass(frozen=True)
class VariableReport:
    name: str
    shape: tuple[int | None, ...] | None
    dtype: str | None
    trainable: bool | None
    status: Status
    grad: GradientStats | None = None
    value: ValueStats | None = None
    ratio: float | None = None
    findings: tuple[int, ...] = ()
    applied: bool | None = None
    read_at: tuple[Location, ...] = ()


@dataclass(frozen=True)
class Node:
    id: str
    kind: NodeKind
    label: str
    detail: str = ""
    location: Location | None = None
    status: Status | None = None


@dataclass(frozen=True)
class Edge:
    source: str
    target: str
    status: EdgeStatus
    norm: float | None = None


@dataclass(frozen=True)
class FlowGraph:
    nodes: tuple[Node, ...] = ()
    edges: tuple[Edge, ...] = ()


@dataclass(frozen=True)
class GradientCall:
    """One place in the code that asked for gradients, however often it ran."""

    kind: str
    location: Location | None
    count: int
    first_bad: int | None
    target: Target | None
    variables: tuple[VariableReport, ...]
    graph: FlowGraph = FlowGraph()


@dataclass(frozen=True)
class Update:
    """One place in the code that changes variables.

    `variables` are those that it was given, `skipped` those of them that came without a gradient. `changed` is how many of the others hold, or held in between, another value than
    before; None where that was not looked at. `raised` is the class of the exception that ended it.
    """

    kind: str
    location: Location | None
    count: int
    variables: tuple[str, ...]
    optimizer: str | None = None
    skipped: tuple[str, ...] = ()
    changed: int | None = None
    raised: str | None = None


@dataclass(frozen=True)
class Label:
    location: Location
    text: str
    primary: bool = False


@dataclass(frozen=True)
class Edit:
    """Whole lines `start_line` to `end_line` (inclusive) give way to `replacement`; an empty replacement deletes them. `original` is what they hold, where the report does not have the whole cell."""

    cell: str | int | None
    start_line: int
    end_line: int
    replacement: str
    original: str | None = None


@dataclass(frozen=True)
class Trial:
    """What happened when the edited cell really ran."""

    statuses_after: dict[str, str]
    loss_before: float | None
    loss_after: float | None


@dataclass(frozen=True)
class Fix:
    title: str
    edits: tuple[Edit, ...] = ()
    applicability: Applicability = "unsafe"
    verified: Trial | None = None


@dataclass(frozen=True)
class Finding:
    rule: str
    severity: Severity
    message: str
    location: Location | None
    labels: tuple[Label, ...] = ()
    body: str = ""
    notes: tuple[str, ...] = ()
    help: str | None = None
    certainty: Certainty = "certain"
    variables: tuple[str, ...] = ()
    call: int | None = None
    fixes: tuple[Fix, ...] = ()
    accepted: bool = False


@dataclass(frozen=True)
class RuleInfo:
    summary: str
    doc: str


@dataclass(frozen=True)
class Raised:
    type: str
    message: str
    location: Location | None = None


@dataclass(frozen=True)
class Overhead:
    """What the check cost: `cell_seconds` for the cell as it ran under the tape, `check_seconds` for the diagnosis after it."""

    cell_seconds: float
    check_seconds: float
    ops_recorded: int
    ops_dropped: int


@dataclass(frozen=True)
class Change:
    """A variable whose status is another than at the cell's last run; None where the call did not have it. `call` indexes the report's calls."""

    name: str
    call: int
    before: Status | None
    after: Status | None
    kind: ChangeKind


@dataclass(frozen=True)
class Since:
    """What changed since the cell's previous report: variables, and rules (of warnings and errors) that are `resolved` or `new`."""

    execution_count: int | None
    changes: tuple[Change, ...] = ()
    resolved: tuple[str, ...] = ()
    new: tuple[str, ...] = ()


@dataclass(frozen=True)
class Report:
    versions: Versions
    cell: CellInfo
    verdict: Verdict
    summary: str
    calls: tuple[GradientCall, ...] = ()
    updates: tuple[Update, ...] = ()
    findings: tuple[Finding, ...] = ()
    rules: dict[str, RuleInfo] = field(default_factory=dict)
    raised: Raised | None = None
    overhead: Overhead = Overhead(0.0, 0.0, 0, 0)
    failures: tuple[str, ...] = ()
    since: Since | None = None
    schema: str = SCHEMA

    def to_dict(self, *, digits: int | None = None) -> dict[str, Any]:
        """The report as JSON-ready dicts, lists, strings and numbers; non-finite numbers as strings.

        Args:
            digits: how many significant digits numbers are rounded to; text is then made fit to be sent as UTF-8, too. All of them by default.
        """
        plain = encoded(self, digits)
        assert isinstance(plain, dict)
        return {"schema": plain.pop("schema"), **plain}

    def to_json(self, *, indent: int | None = None) -> str:
        """The report as strict JSON text."""
        return json.dumps(self.to_dict(), allow_nan=False, ensure_ascii=False, indent=indent)

    @classmethod
    def from_dict(cls, data: Any) -> Report:
        """The report that `to_dict` wrote, or that a notebook holds, where a large one is the text of its JSON. Fields that this version does not know are ignored.

        Raises:
            ReportFormatError: `data` is no report, or one of another schema version, or a field is missing or of a wrong type.
        """
        if isinstance(data, str):
            data = parsed(data)
        if not isinstance(data, dict) or not isinstance(data.get("schema"), str):
            raise ReportFormatError("this is not a gradmagic report: it has no field `schema`")
        if data["schema"] != SCHEMA:
            raise ReportFormatError(f"this report has the format `{data['schema']}`, and this gradmagic reads `{SCHEMA}`: open it with the gradmagic version that wrote it, or upgrade gradmagic")
        report = decoded(cls, data, "report")
        assert isinstance(report, cls)
        return report

    @classmethod
    def from_json(cls, text: str) -> Report:
        """The report that `to_json` wrote.

        Raises:
            ReportFormatError: as for `from_dict`, and when `text` is no JSON.
        """
        return cls.from_dict(parsed(text))

    def __str__(self) -> str:
        from gradmagic.render.text import to_text

        return to_text(self)

    def plot_norms(self, call: int = 0) -> Figure:
        """The gradient norm of each variable of a gradient call, as a matplotlib figure; see `gradmagic.render.plots.norm_per_layer`."""
        from gradmagic.render.plots import norm_per_layer

        return norm_per_layer(self, call)

    def plot_history(self, call: int = 0) -> Figure:
        """The gradient norms over the runs of a gradient call, as a matplotlib figure; see `gradmagic.render.plots.norm_over_steps`."""
        from gradmagic.render.plots import norm_over_steps

        return norm_over_steps(self, call)

    def plot_histogram(self, variable: str | int = 0, call: int = 0) -> Figure:
        """How the elements of a variable's gradient are spread, as a matplotlib figure; see `gradmagic.render.plots.gradient_histogram`."""
        from gradmagic.render.plots import gradient_histogram

        return gradient_histogram(self, variable, call)

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, Any]:
        from gradmagic.render.mime import to_mimebundle

        return to_mimebundle(self)
