"""The first state of a recurrent layer that was computed and not handed over."""

from __future__ import annotations

import libcst as cst

from gradmagic.fixes.calls import Place, with_keyword
from gradmagic.fixes.change import Change
from gradmagic.fixes.code import Code, argument, cells, code_at, fix, last_name
from gradmagic.fixes.flow import reads_of
from gradmagic.recording import Op, Recording
from gradmagic.report import Fix

# How many tensors the state of a layer is.
RECURRENT = {"GRU": 1, "SimpleRNN": 1, "LSTM": 2}
GATES = {"GRU": 3, "SimpleRNN": 1}


def initial_state(recording: Recording, place: Place, op: Op | None) -> tuple[Fix, ...]:
    """`state = …; h = self.gru(x)` → `h = self.gru(x, initial_state=state)`, where the unread `state` has a row for each sample."""
    found = _unread(recording, place, op)
    if found is None:
        return ()
    code, name, statement = found
    calls = [
        c
        for c in code.all(cst.Call, code.scope(statement))
        if code.start(c) > code.end(statement) and RECURRENT.get(_kind(c, recording)) == 1 and argument(c, None, "initial_state") is None and not any(a.star for a in c.args)
    ]
    made = recording.tensors.get(op.outputs[0]) if op is not None else None
    units = made.shape[-1] if made is not None and made.shape else None
    # The kernel of the state says how many units there are.
    if len(calls) != 1 or units is None or not any(v.shape == (units, GATES[_kind(calls[0], recording)] * units) for v in recording.variables.values()):
        return ()
    return fix(f"begin with `{name}`", "unsafe", (code, Change().replace(calls[0], with_keyword(calls[0], "initial_state", cst.Name(name)))))


def carried_on(recording: Recording, place: Place) -> tuple[Fix, ...]:
    """`out, new = cell(x[:, t], [h])` in a loop, where nothing reads `new` → `out, [h] = cell(x[:, t], [h])`."""
    code = code_at(recording, place)
    for node in code.expressions_at(place) if code is not None and place is not None else ():
        call = node if isinstance(node, cst.Call) else code.enclosing(node, cst.Call) if code is not None else None
        assign = code.parent(call) if code is not None and call is not None else None
        if code is None or call is None or not isinstance(assign, cst.Assign) or len(assign.targets) != 1 or code.enclosing(assign, cst.For, cst.While) is None:
            continue
        target, state = assign.targets[0].target, argument(call, 1, "states", "state")
        names = list(target.elements) if isinstance(target, cst.Tuple) else []
        if len(names) != 2 or state is None or not isinstance(new := names[1].value, cst.Name) or reads_of(code, new.value, code.scope(assign)):
            continue
        given = state.value
        listed = isinstance(given, (cst.List, cst.Tuple)) and all(isinstance(e.value, cst.Name) for e in given.elements)
        if listed or isinstance(given, cst.Name):
            return fix(f"carry the new state on in `{code.text(given)}`", "unsafe", (code, Change().replace(new, code.expression(code.text(given)))))
    return ()


def fits_nowhere(recording: Recording, place: Place, op: Op | None) -> bool:
    """Whether an unread matrix stands above a recurrent layer, which takes sequences of vectors: it cannot take the place of the input."""
    found = _unread(recording, place, op)
    if found is None:
        return False
    code, _, statement = found
    return any(code.start(c) > code.end(statement) and _kind(c, recording) in RECURRENT for c in code.all(cst.Call, code.scope(statement)))


def _unread(recording: Recording, place: Place, op: Op | None) -> tuple[Code, str, cst.SimpleStatementLine] | None:
    """The line that gives a matrix a name which no line reads."""
    code = code_at(recording, place)
    statement = code.statement_at(place) if code is not None and place is not None else None
    made = recording.tensors.get(op.outputs[0]) if op is not None and op.outputs else None
    assign = statement.body[0] if isinstance(statement, cst.SimpleStatementLine) and len(statement.body) == 1 else None
    if code is None or made is None or made.shape is None or len(made.shape) != 2 or not isinstance(statement, cst.SimpleStatementLine) or not isinstance(assign, cst.Assign):
        return None
    target = assign.targets[0].target
    if len(assign.targets) != 1 or not isinstance(target, cst.Name) or [n for n in reads_of(code, target.value, code.scope(statement)) if code.start(n) > code.end(statement)]:
        return None
    return code, target.value, statement


def _kind(call: cst.Call, recording: Recording) -> str:
    """The class of the layer that a name or an attribute is given, where every cell that gives it one agrees."""
    name, kinds = last_name(call.func), set[str]()
    for code in cells(recording):
        for assign in code.all(cst.Assign):
            for target in assign.targets:
                if name and last_name(target.target) == name and type(target.target) is type(call.func):
                    kinds.add(last_name(assign.value.func) if isinstance(assign.value, cst.Call) else "")
    return kinds.pop() if len(kinds) == 1 else ""
