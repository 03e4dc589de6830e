"""Learning rates that are 0 or too large, where they are written: in an optimizer, under a name, as a word in `compile`, or by hand."""

from __future__ import annotations

import math

import libcst as cst

from gradmagic.fixes.calls import with_keyword
from gradmagic.fixes.change import Change
from gradmagic.fixes.code import Code, argument, cells, fix, last_name, number_of
from gradmagic.fixes.flow import assignments_of
from gradmagic.fixes.names import names_of
from gradmagic.fixes.optimizers import optimizer_calls, optimizers
from gradmagic.growth import Growth, converging_rate, growth_of
from gradmagic.locate.fault import Fault
from gradmagic.recording import Recording
from gradmagic.report import Fix

LARGE = 0.1
ORDINARY = "0.01"
# What Keras's SGD takes where it is given none.
USUAL = 0.01


def learning_rate(recording: Recording, optimizer: str | None, *, smaller: bool, growth: Growth | None = None) -> tuple[Fix, ...]:
    """A learning rate of ordinary size in the place of 0 or of one that destroys the weights, of plain descent one at which the gradients do not grow; else a bound on the gradient's norm."""
    growth = growth if growth is not None and growth.steady else None
    chosen = _made(recording, optimizer, smaller)
    if chosen is None:
        return _of_a_word(recording, growth) if growth is not None else ()
    code, call = chosen
    rate = argument(call, 0, "learning_rate", "lr")
    plain = last_name(call.func) == "SGD"
    if rate is None and plain and growth is not None:
        return _converging(growth, USUAL, code, call)
    written = _number(recording, code, rate.value) if rate is not None else None
    if written is not None and plain and growth is not None and written[2] > 0.0:
        return _converging(growth, written[2], written[0], written[1])
    if written is not None and (written[2] == 0.0 or (smaller and written[2] >= LARGE)):
        return fix("use a learning rate of ordinary size", "unsafe", (written[0], Change().replace(written[1], cst.Float(ORDINARY))))
    if rate is not None and not smaller and isinstance(rate.value, cst.BinaryOperation):
        return fix("use a learning rate of ordinary size", "unsafe", (code, Change().replace(rate.value, cst.Float(ORDINARY))))
    if not smaller or argument(call, None, "clipnorm", "global_clipnorm", "clipvalue") is not None:
        return ()
    return fix("bound the norm of the gradient", "unsafe", (code, Change().replace(call, with_keyword(call, "clipnorm", cst.Float("1.0")))))


def _made(recording: Recording, optimizer: str | None, smaller: bool) -> tuple[Code, cst.Call] | None:
    """The call that makes an optimizer: by its name, else the only one, else the only one with its rate."""
    known, made = optimizers(recording), optimizer_calls(recording)
    rates = {u.learning_rate for u in recording.updates if u.learning_rate is not None and u.optimizer == optimizer} if smaller else {0.0}
    alike = [m for m in made if (a := argument(m[1], 0, "learning_rate", "lr")) is not None and any(math.isclose(number_of(m[0].text(a.value)) or 0.0, r, rel_tol=1e-6) for r in rates)]
    return known.get(optimizer or "") or (made[0] if len(made) == 1 else alike[0] if len(alike) == 1 else None)


def _number(recording: Recording, code: Code, value: cst.BaseExpression) -> tuple[Code, cst.BaseExpression, float] | None:
    """A number, or the one that a name stands for, and where it is written."""
    places = [(code, value)]
    if isinstance(value, cst.Name):
        places = [(c, a.value) for c in cells(recording) for a in assignments_of(c, value.value)]
    number = number_of(places[0][0].text(places[0][1])) if len(places) == 1 else None
    return (*places[0], number) if number is not None else None


def _converging(growth: Growth, rate: float, code: Code, node: cst.BaseExpression) -> tuple[Fix, ...]:
    """Replace a number by a rate at which the gradients do not grow; a call gets the rate as an argument."""
    new = cst.Float(f"{converging_rate(rate, growth):g}")
    change = Change().replace(node, with_keyword(node, "learning_rate", new) if isinstance(node, cst.Call) else new)
    return fix(f"take smaller steps: at a rate of {new.value} the gradient does not grow", "unsafe", (code, change))


def _of_a_word(recording: Recording, growth: Growth) -> tuple[Fix, ...]:
    """`compile("sgd", …)` → `compile(keras.optimizers.SGD(learning_rate=…), …)`."""
    keras = names_of(recording).keras
    found = [(code, a) for code in cells(recording) for c in code.all(cst.Call) if last_name(c.func) == "compile" and (a := argument(c, 0, "optimizer")) is not None]
    if keras is None or len(found) != 1 or not isinstance(found[0][1].value, cst.SimpleString) or str(found[0][1].value.evaluated_value).lower() != "sgd":
        return ()
    code, word = found[0][0], found[0][1].value
    new = f"{converging_rate(USUAL, growth):g}"
    return fix(f"take smaller steps: at a rate of {new} the gradient does not grow", "unsafe", (code, Change().replace(word, code.expression(f"{keras}.optimizers.SGD(learning_rate={new})"))))


def smaller_step(recording: Recording, fault: Fault, at_least: float = LARGE) -> tuple[Fix, ...]:
    """A smaller learning rate in the place of one that is at least so large, or that the gradients grew at, where what is not finite came with an update: every variable was finite at the first run of the call."""
    site = recording.site_of(fault.run)
    # The norms of the first run: a NaN or an infinity in it was there before any update.
    if site is None or fault.run is None or not fault.run.turn or not site.norms or not all(n is None or math.isfinite(n) for n in site.norms[0]):
        return ()
    growth = growth_of(recording, fault.run)
    update = next((u for u in recording.updates if u.kind != "assign"), None)
    if update is None:
        return _rate_by_hand(recording, at_least, growth)
    return learning_rate(recording, update.optimizer, smaller=True, growth=growth) if growth is not None or (update.learning_rate or 0.0) >= at_least else ()


def _rate_by_hand(recording: Recording, at_least: float, growth: Growth | None) -> tuple[Fix, ...]:
    """The factor of `w.assign_sub(rate * gradient)`, `w.assign(w - rate * gradient)`."""
    for code in cells(recording):
        for call in code.all(cst.Call):
            step = call.args[0].value if last_name(call.func) in ("assign", "assign_sub", "assign_add") and call.args else None
            product = step.right if isinstance(step, cst.BinaryOperation) and isinstance(step.operator, cst.Subtract) and last_name(call.func) == "assign" else step
            for factor in (product.left, product.right) if isinstance(product, cst.BinaryOperation) and isinstance(product.operator, cst.Multiply) else ():
                written = _number(recording, code, factor) if isinstance(factor, (cst.Float, cst.Integer, cst.Name)) else None
                if written is not None and growth is not None and growth.steady and written[2] > 0.0:
                    return _converging(growth, written[2], written[0], written[1])
                if written is not None and written[2] >= at_least:
                    return fix("take steps of ordinary size", "unsafe", (written[0], Change().replace(written[1], cst.Float("0.001"))))
    return ()
