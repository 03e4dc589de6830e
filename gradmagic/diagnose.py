"""Recording -> Report: locate, ask the rules, merge, rank; what fails on the way is said in the report."""

from __future__ import annotations

import dataclasses
import inspect
import math
import re

from gradmagic.fixes.old_definitions import with_newer_definition
from gradmagic.flow import flow_graph
from gradmagic.locate import Fault, Statuses, is_lost, locate, worst_of
from gradmagic.newer_definitions import newer_definition, told
from gradmagic.other_runs import beside_other_runs, once_for_a_count, once_for_a_loss_that_grew, sizes_beside_a_lost_loss, steps_along_exploding_gradients
from gradmagic.recording import Extent, Gradient, GradientRun, Numbers, Recording, Site, Source
from gradmagic.recording import Update as RawUpdate
from gradmagic.report import (
    CellInfo,
    Finding,
    Fix,
    FlowGraph,
    GradientCall,
    GradientStats,
    Histogram,
    Overhead,
    Raised,
    Report,
    RuleInfo,
    Status,
    Target,
    Update,
    ValueStats,
    VariableReport,
    Verdict,
    Versions,
)
from gradmagic.rules import explain, fixes_of, module_of, summary_of
from gradmagic.rules.phrasing import code, location, name_of
from gradmagic.summary import run_again, summary, unexplained

WORST: tuple[Status, ...] = ("ok", "vanishing", "exploding", "zero", "none", "inf", "nan", "wrong", "error")
SEVERITY = ("note", "warning", "error")
FAMILIES = ("error", "nonfinite", "none", "zero", "wrong", "scale", "step")
EXPECTED = re.compile(r"#\s*gradmagic:\s*expected\s+([a-z]+/[a-z-]+)")


def diagnose(recording: Recording, *, versions: Versions, expected: tuple[str, ...] = (), with_fixes: bool = True) -> Report:
    """The report of a recording. `expected` holds accepted findings as ``"rule"`` or ``"rule:variable"``; edits are written `with_fixes` only."""
    failures = list(recording.failures)
    explained_so = {read.function for read in recording.stale}
    failures += [f"gradmagic could not look into {code(name)}, which was traced in an earlier cell: {run_again(name)}" for name in dict.fromkeys(recording.unseen) if name not in explained_so]
    faults: list[Fault] = []
    judged = Statuses(recording)
    try:
        faults = locate(recording, judged)
    except Exception as error:
        failures.append(f"gradmagic could not locate the causes: {type(error).__name__}: {error}")
    explained: list[tuple[Fault, Finding]] = []
    for fault in faults:
        try:
            found = explain(fault, recording)
        except Exception as error:
            failures.append(f"gradmagic could not explain one of the causes ({fault.kind}, {fault.cause}): {type(error).__name__}: {error}")
            continue
        if found is not None:
            try:
                newer = newer_definition(recording, fault, found) if found.severity != "note" else None
                fixes = fixes_of(fault, recording, found) if with_fixes else ()
                if newer is not None:
                    # An edit of the old definition would change what nobody runs any more once the cells run again.
                    found, fixes = told(found, newer), (*(with_newer_definition(recording, newer) if with_fixes else ()), *(f for f in fixes if all(e.cell != newer.cell for e in f.edits)))
                found = dataclasses.replace(found, fixes=tuple(_with_originals(recording, fix) for fix in fixes))
            except Exception as error:
                failures.append(f"gradmagic could not write a fix for `{found.rule}`: {type(error).__name__}: {error}")
            explained.append((fault, found))
    sites = [s for s in recording.sites if any(True for _ in recording.runs_of(s.id))]
    call_of = {site.id: index for index, site in enumerate(sites)}
    if any(f.severity == "error" and not f.rule.endswith("/unexplained") for _, f in explained):
        # An exception that no rule knows follows from what is explained.
        explained = [(t, dataclasses.replace(f, severity="note") if f.rule == "error/unexplained" else f) for t, f in explained]
    explained.sort(key=lambda item: _rank(*item))
    merged = once_for_a_count(once_for_a_loss_that_grew(recording, _merged(explained, recording)))
    explained = [(fault, beside_other_runs(recording, fault, found)) for fault, found in sizes_beside_a_lost_loss(merged)]
    explained = steps_along_exploding_gradients(explained)
    # What another run makes a note of comes behind what is left of the alarms.
    explained.sort(key=lambda item: -SEVERITY.index(item[1].severity))
    findings = []
    for fault, found in explained:
        call = call_of.get(fault.run.site) if fault.run is not None else None
        findings.append(dataclasses.replace(found, call=call, accepted=_is_expected(found, fault, recording, expected)))
    calls = []
    for index, site in enumerate(sites):
        try:
            calls.append(_call(recording, judged, site, index, findings, [f for f, _ in explained], failures))
        except Exception as error:
            failures.append(f"gradmagic could not describe a gradient call: {type(error).__name__}: {error}")
    severities = [f.severity for f in findings if not f.accepted]
    verdict: Verdict = "error" if "error" in severities else "warning" if "warning" in severities or unexplained(calls) else "ok"
    return Report(
        versions,
        CellInfo(recording.cell.id, recording.cell.execution_count, recording.cell.source),
        verdict,
        summary(recording, calls, findings),
        tuple(calls),
        tuple(_update(recording, u) for u in recording.updates),
        tuple(findings),
        {f.rule: RuleInfo(summary_of(f.rule), inspect.cleandoc(module_of(f.rule).__doc__ or "")) for f in findings},
        None if recording.raised is None else Raised(recording.raised.type, recording.raised.message, location(recording.raised.span)),
        Overhead(recording.cell_seconds, 0.0, recording.ops_recorded, recording.ops_dropped),
        tuple(failures),
    )


def _with_originals(recording: Recording, fix: Fix) -> Fix:
    """The lines that a fix replaces in other cells, so that the report alone can show and apply it."""
    edits = []
    for edit in fix.edits:
        source = recording.code.get(edit.cell) if edit.cell not in (None, "current") else None
        lines = source.split("\n")[edit.start_line - 1 : edit.end_line] if source is not None else []
        edits.append(dataclasses.replace(edit, original="\n".join(lines)) if lines else edit)
    return dataclasses.replace(fix, edits=tuple(edits))


def _rank(fault: Fault, found: Finding) -> tuple[int, int, int, int]:
    family = found.rule.partition("/")[0]
    # An error of the optimizer about missing gradients, or about a list from which they were left out, is the consequence of what explains them.
    consequence = found.rule in ("error/no-gradients-provided", "step/silently-skipped") or (found.rule == "error/no-loss" and fault.update is not None)
    # A gradient that is not finite does more harm than a loss that is not.
    return (-SEVERITY.index(found.severity), int(consequence), FAMILIES.index(family) if family in FAMILIES else len(FAMILIES), int(found.rule == "nonfinite/loss-only"))


def _merged(explained: list[tuple[Fault, Finding]], recording: Recording) -> list[tuple[Fault, Finding]]:
    """One finding for a rule at a place: calls of several places that fail for the same reason say it once."""
    found: dict[object, tuple[Fault, Finding]] = {}
    for fault, finding in explained:
        key = (finding.rule, finding.location, finding.message if finding.location is None else "")
        if key in found:
            first, before = found[key]
            names = tuple(dict.fromkeys(before.variables + finding.variables))
            if first.run is fault.run and first.run is not None and set(fault.sources) - set(first.sources):
                # Said once, it is said of all of them.
                first = dataclasses.replace(first, sources=tuple(sorted({*first.sources, *fault.sources})))
                again = explain(first, recording)
                if again is not None and (again.rule, again.location) == (before.rule, before.location):
                    before = dataclasses.replace(again, severity=before.severity, fixes=before.fixes)
            found[key] = (first, dataclasses.replace(before, variables=names))
        else:
            found[key] = (fault, finding)
    return list(found.values())


def _is_expected(found: Finding, fault: Fault, recording: Recording, expected: tuple[str, ...]) -> bool:
    for entry in expected:
        rule, _, name = entry.partition(":")
        if rule == found.rule and (not name or name in found.variables):
            return True
    places = [found.location.code if found.location else "", fault.run.span.code if fault.run and fault.run.span else ""]
    return any(match.group(1) == found.rule for code in places for match in EXPECTED.finditer(code))


def _worst_run(judged: Statuses, site: Site) -> GradientRun:
    runs = list(judged.recording.runs_of(site.id))
    return max(runs, key=lambda r: (max((WORST.index(s) for s in judged.of(r)), default=0), is_lost(r), -r.turn))


def _unique(names: list[str]) -> list[str]:
    seen: dict[str, int] = {}
    result = []
    for name in names:
        seen[name] = seen.get(name, 0) + 1
        result.append(name if seen[name] == 1 else f"{name} ({seen[name]})")
    return result


def _call(recording: Recording, judged: Statuses, site: Site, index: int, findings: list[Finding], faults: list[Fault], failures: list[str]) -> GradientCall:
    run = _worst_run(judged, site)
    found = list(judged.of(run))
    names = _unique([s.name for s in run.sources])
    for other in recording.runs_of(site.id):
        # What destroyed a variable looks small beside what is left of it.
        if tuple(s.id for s in other.sources) == tuple(s.id for s in run.sources):
            found = [now if status == "ok" and now in ("exploding", "vanishing") else status for status, now in zip(found, judged.of(other), strict=True)]
    for finding in findings:
        if finding.rule.startswith("wrong/") and finding.severity == "error" and (finding.call == index or finding.call is None):
            found = ["wrong" if s == "ok" and v in finding.variables else s for s, v in zip(found, names, strict=True)]
    applied = _applied(recording)
    rows = []
    for position, (source, name, status) in enumerate(zip(run.sources, names, found, strict=True)):
        mine = tuple(i for i, f in enumerate(findings) if f.call == index and source.name in f.variables)
        gradient = run.gradients[position] if position < len(run.gradients) else Gradient(True)
        # What one run made NaN makes the gradients of others NaN in the runs that follow.
        later = worst_of(status, site, position)
        reads = [op.span for op in recording.consumers.get(source.id, ()) if op.span is not None and op.phase == "forward"]
        rows.append(
            VariableReport(
                name,
                source.shape,
                source.dtype,
                source.trainable,
                later,
                _grad(gradient, source.shape, site, position, later),
                _value(source),
                _ratio(gradient.numbers, source.value, later),
                mine,
                (source.id in applied) if recording.updates and source.kind == "variable" else None,
                tuple(place for place in (location(s) for s in dict.fromkeys(reads[:1])) if place is not None),
            )
        )
    target = run.targets[0] if run.targets else None
    graph = FlowGraph()
    try:
        graph = flow_graph(recording, run, tuple(found), [f for f in faults if f.run is run], tuple(names))
    except Exception as error:
        failures.append(f"gradmagic could not draw the flow graph: {type(error).__name__}: {error}")
    return GradientCall(
        site.kind,
        location(site.span),
        site.count,
        site.first_bad,
        None if target is None else Target(target.name or ("loss" if site.kind.startswith("keras") else "target"), target.shape, target.dtype, run.target_value),
        tuple(rows),
        graph,
    )


def _applied(recording: Recording) -> set[int | None]:
    """The variables whose gradients were applied, to themselves or to others. A value that comes from no known gradient call can come from theirs."""
    pairs = [p for u in recording.updates if u.raised is None for p in u.pairs if p.gradient is not None]
    return {p.gradient_of for p in pairs} | {p.variable for p in pairs if p.gradient_of is None and recording.has_changed(p.variable) is not False}


def _grad(gradient: Gradient, shape: tuple[int | None, ...] | None, site: Site, position: int, status: Status) -> GradientStats | None:
    n = gradient.numbers
    if n is None:
        return None
    history = tuple(norms[position] for norms in site.norms if position < len(norms) and norms[position] is not None)
    histogram = Histogram(*n.histogram) if n.histogram is not None else None
    norm = math.nan if status == "nan" else math.inf if status == "inf" else n.norm
    # A Jacobian has rows for each element of the target: what is told is the share of zeros, for as many elements as the source has.
    rows = site.kind.endswith("jacobian") and not gradient.sparse and n.size and shape is not None
    zeros = round(n.zeros * math.prod(d or 1 for d in shape) / n.size) if rows and shape is not None else n.zeros
    return GradientStats(norm, n.mean, n.std, n.min, n.max, zeros, n.nans, n.infs, gradient.sparse, histogram, _thinned(history))  # type: ignore[arg-type]


def _thinned(history: tuple[float | None, ...], most: int = 200) -> tuple[float | None, ...]:
    step = max(1, -(-len(history) // most))
    return history[::step]


def _value(source: Source) -> ValueStats | None:
    v = source.value
    return None if v is None else ValueStats(v.norm, v.min, v.max, v.nans, v.infs)


def _ratio(gradient: Numbers | None, value: Extent | None, status: Status) -> float | None:
    if gradient is None or value is None or not value.norm or not math.isfinite(gradient.norm) or not math.isfinite(value.norm):
        return None
    # The norm is that of the finite elements.
    return math.nan if status == "nan" else math.inf if status == "inf" else gradient.norm / value.norm


def _update(recording: Recording, update: RawUpdate) -> Update:
    def name(key: int) -> str:
        variable = recording.variables.get(key)
        if variable is None:
            return f"variable {key}"
        return name_of(variable)

    left = set(update.skipped)
    changed = [recording.has_changed(p.variable) for p in update.pairs if p.variable not in left]
    return Update(
        update.kind,
        location(update.span),
        update.count,
        tuple(name(p.variable) for p in update.pairs),
        update.optimizer,
        tuple(name(k) for k in update.skipped),
        None if None in changed or update.raised is not None else sum(map(bool, changed)),
        None if update.raised is None else update.raised.type,
    )
