"""Fourier transforms of NumPy, with the arguments that TensorFlow's take."""

from __future__ import annotations

import libcst as cst

from gradmagic.fixes.code import Code, argument
from gradmagic.fixes.names import Names

REAL = ("rfft", "irfft")
COMPLEX = {"fft": "fft", "ifft": "ifft", "fft2": "fft2d", "ifft2": "ifft2d"}


def spectrum(code: Code, names: Names, call: cst.Call, name: str) -> tuple[str, str] | None:
    """`np.fft.rfft(x, n)` → `tf.signal.rfft(x, [n])`, `np.fft.fft(x)` → `tf.signal.fft(tf.cast(x, tf.complex64))`, with the function that is called; None where the arguments are others."""
    module, _, transform = name.rpartition(".")
    given, length, axis = argument(call, 0, "a"), argument(call, 1, "n"), argument(call, 2, "axis")
    if names.tf is None or module != "fft" or given is None or (axis is not None and code.text(axis.value) != "-1") or len(call.args) != 1 + (length is not None) + (axis is not None):
        return None
    x = code.bare(given.value)
    if transform in REAL:
        function = f"{names.tf}.signal.{transform}"
        return f"{function}({x}" + (f", [{code.bare(length.value)}])" if length is not None else ")"), function
    function = f"{names.tf}.signal.{COMPLEX.get(transform, '')}"
    # Only of a transform of one axis NumPy's own cuts the input to a length.
    return (f"{function}({names.tf}.cast({x}, {names.tf}.complex64))", function) if length is None and COMPLEX.get(transform) else None
