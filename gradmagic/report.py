"""CONCLUSIONS: what a check yields, as plain frozen values that every view reads.

A `Report` is JSON all the way down: `to_dict` and `from_dict` are inverse to each other, and the JSON is strict
(`NaN` and infinities travel as the strings ``"nan"``, ``"inf"`` and ``"-inf"``). Lines count from 1 as the editor shows
them, the ``%%gradcheck`` line being line 1 of its cell; columns count from 0. Text fields are plain strings: backticks for
code, blank lines between paragraphs, four spaces before a displayed formula; never HTML.
"""

from __future__ import annotations

import dataclasses
import functools
import json
import math
import types
import typing
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

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
SEVERITIES: tuple[Severity, ...] = typing.get_args(Severity)


class ReportFormatError(ValueError):
    """The JSON is no gradmagic report, or one that this version cannot read."""


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
    """One place in the code that changed variables."""

    kind: str
    location: Location | None
    count: int
    variables: tuple[str, ...]
    optimizer: str | None = None
    skipped: tuple[str, ...] = ()


@dataclass(frozen=True)
class Label:
    location: Location
    text: str
    primary: bool = False


@dataclass(frozen=True)
class Edit:
    """Whole lines `start_line` to `end_line` (inclusive) give way to `replacement`; an empty replacement deletes them."""

    cell: str | int | None
    start_line: int
    end_line: int
    replacement: str


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

    def to_dict(self) -> dict[str, Any]:
        """The report as JSON-ready dicts, lists, strings and numbers; non-finite numbers as strings."""
        plain = _encode(self)
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
            data = _parsed(data)
        if not isinstance(data, dict) or not isinstance(data.get("schema"), str):
            raise ReportFormatError("this is not a gradmagic report: it has no field `schema`")
        if data["schema"] != SCHEMA:
            raise ReportFormatError(f"this report has the format `{data['schema']}`, and this gradmagic reads `{SCHEMA}`: open it with the gradmagic version that wrote it, or upgrade gradmagic")
        report = _decode(cls, data, "report")
        assert isinstance(report, cls)
        return report

    @classmethod
    def from_json(cls, text: str) -> Report:
        """The report that `to_json` wrote.

        Raises:
            ReportFormatError: as for `from_dict`, and when `text` is no JSON.
        """
        return cls.from_dict(_parsed(text))

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


def _parsed(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError as error:
        raise ReportFormatError(f"this is not a gradmagic report: it is not JSON ({error})") from None


_SPECIAL = {"nan": math.nan, "inf": math.inf, "-inf": -math.inf}


def _encode(value: Any) -> Any:
    kind = type(value)
    if kind is str or kind is int or value is None:
        return value
    if kind is float:
        return value if math.isfinite(value) else "nan" if math.isnan(value) else "inf" if value > 0 else "-inf"
    if kind is tuple or kind is list:
        return [_encode(v) for v in value]
    if dataclasses.is_dataclass(value):
        return {name: _encode(getattr(value, name)) for name in _field_names(kind)}
    return {str(k): _encode(v) for k, v in value.items()} if isinstance(value, dict) else value


@functools.cache
def _field_names(cls: Any) -> tuple[str, ...]:
    return tuple(f.name for f in dataclasses.fields(cls))


@functools.cache
def field_types(cls: type) -> dict[str, Any]:
    """The resolved type of every field of a dataclass."""
    return typing.get_type_hints(cls)


def _decode(kind: Any, data: Any, path: str) -> Any:
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if kind is Any:
        return data
    if origin in (typing.Union, types.UnionType):
        for option in arguments:
            try:
                return _decode(option, data, path)
            except ReportFormatError as error:
                problem = error
        raise problem
    if origin is Literal:
        if data in arguments:
            return data
    elif origin is tuple:
        if isinstance(data, list):
            return tuple(_decode(arguments[0], item, f"{path}[{i}]") for i, item in enumerate(data))
    elif origin is dict:
        if isinstance(data, dict):
            return {key: _decode(arguments[1], item, f"{path}.{key}") for key, item in data.items()}
    elif dataclasses.is_dataclass(kind):
        if isinstance(data, dict):
            return _decode_fields(kind, data, path)
    elif kind is type(None):
        if data is None:
            return None
    elif kind is float:
        if isinstance(data, (int, float)) and not isinstance(data, bool):
            return float(data)
        if isinstance(data, str) and data in _SPECIAL:
            return _SPECIAL[data]
    elif kind in (str, int, bool) and type(data) is kind:
        return data
    raise ReportFormatError(f"this gradmagic report is damaged: `{path}` holds {type(data).__name__} `{str(data)[:40]}`")


def _decode_fields(kind: Any, data: dict[str, Any], path: str) -> Any:
    types_of, values = field_types(kind), {}
    for f in dataclasses.fields(kind):
        if f.name in data:
            values[f.name] = _decode(types_of[f.name], data[f.name], f"{path}.{f.name}")
        elif f.default is dataclasses.MISSING and f.default_factory is dataclasses.MISSING:
            raise ReportFormatError(f"this gradmagic report is damaged: `{path}.{f.name}` is missing")
    return kind(**values)
