"""Values that leave TensorFlow: `.numpy()`, `float()`, `int()`, `bool()`, formatting.

NumPy's own functions read an eager tensor through the buffer protocol, which calls no Python and cannot be watched; the rules read the code there.
"""

from __future__ import annotations

import sys
from typing import Any

from tensorflow.python.eager import context
from tensorflow.python.framework import ops
from tensorflow.python.ops import script_ops

from gradmagic.capture.session import Session

HOW = {
    "numpy": ".numpy()",
    "__float__": "float()",
    "__int__": "int()",
    "__bool__": "bool()",
    "__index__": "index",
    "__array__": "NumPy",
    "__complex__": "complex()",
    "__format__": "format",
    "__str__": "str",
    "__repr__": "repr",
}
LIMIT = 20_000


def install(session: Session) -> None:
    """Note every value that is handed to Python."""
    base: Any = ops._EagerTensorBase
    original = base._numpy

    def _numpy(self: Any) -> Any:
        if not session.busy and session.doing.phase == "forward" and len(session.escapes) < LIMIT:
            caller = sys._getframe(1)
            how = HOW.get(caller.f_code.co_name)
            session.visits.left(self._id)
            if how is not None:
                session.escapes.append((session.next(), self._id, how, session.spans.place(caller)))
        return original(self)

    session.patches.set(base, "_numpy", _numpy)
    common = script_ops.py_func_common

    def py_func_common(func: Any, inp: Any, *args: Any, **kwargs: Any) -> Any:
        if not session.busy and context.executing_eagerly():
            place = session.here()
            session.escapes += [(session.next(), t._id, "numpy_function", place) for t in inp if isinstance(t, ops.EagerTensor)]
        return common(func, inp, *args, **kwargs)

    session.patches.set(script_ops, "py_func_common", py_func_common)
