"""NumPy functions and array methods, and what TensorFlow and keras.ops call them."""

from __future__ import annotations

# NumPy name: (TensorFlow name, keras.ops name). The arguments behind the first are the same but for `AXES`.
FUNCTIONS: dict[str, tuple[str, str]] = {
    **{n: (f"math.{n}", n) for n in ("log", "log1p", "expm1", "sinh", "cosh", "floor", "ceil", "conj", "rsqrt", "cumsum", "cumprod", "argmin")},
    **{n: (n, n) for n in ("exp", "sqrt", "square", "abs", "sin", "cos", "tan", "tanh", "sign", "maximum", "minimum", "where", "reshape", "transpose", "stack", "squeeze", "expand_dims")},
    **{n: (n, n) for n in ("matmul", "tensordot", "einsum", "tile", "repeat", "roll", "pad", "split", "zeros_like", "ones_like", "round", "argmax", "argsort", "sort", "meshgrid")},
    "sum": ("reduce_sum", "sum"),
    "mean": ("reduce_mean", "mean"),
    "average": ("reduce_mean", "mean"),
    "max": ("reduce_max", "max"),
    "amax": ("reduce_max", "max"),
    "min": ("reduce_min", "min"),
    "amin": ("reduce_min", "min"),
    "prod": ("reduce_prod", "prod"),
    "std": ("math.reduce_std", "std"),
    "var": ("math.reduce_variance", "var"),
    "absolute": ("abs", "abs"),
    "fabs": ("abs", "abs"),
    "power": ("pow", "power"),
    "pow": ("pow", "power"),
    "add": ("add", "add"),
    "subtract": ("subtract", "subtract"),
    "multiply": ("multiply", "multiply"),
    "divide": ("divide", "divide"),
    "true_divide": ("divide", "divide"),
    "negative": ("negative", "negative"),
    "concatenate": ("concat", "concatenate"),
    "arctan": ("atan", "arctan"),
    "arctan2": ("atan2", "arctan2"),
    "arcsin": ("asin", "arcsin"),
    "arccos": ("acos", "arccos"),
    "clip": ("clip_by_value", "clip"),
    "dot": ("tensordot", "dot"),
    "outer": ("outer", "outer"),
    "linalg.norm": ("norm", "norm"),
    "linalg.inv": ("linalg.inv", "inv"),
    "linalg.det": ("linalg.det", "det"),
    **{f"linalg.{n}": (f"linalg.{n}", f"linalg.{n}") for n in ("eig", "eigh", "eigvals", "eigvalsh", "solve", "cholesky", "slogdet", "pinv", "qr")},
    **{f"fft.{n}": (f"signal.{n}", f"signal.{n}") for n in ("fftshift", "ifftshift")},
    "trace": ("linalg.trace", "trace"),
    "diag": ("linalg.diag", "diag"),
    "heaviside": ("experimental.numpy.heaviside", "heaviside"),
    "linspace": ("linspace", "linspace"),
    "zeros": ("zeros", "zeros"),
    "ones": ("ones", "ones"),
    "eye": ("eye", "eye"),
    "cross": ("linalg.cross", "cross"),
    "log10": ("experimental.numpy.log10", "log10"),
    "log2": ("experimental.numpy.log2", "log2"),
    "median": ("experimental.numpy.median", "median"),
    "diff": ("experimental.numpy.diff", "diff"),
    "vstack": ("experimental.numpy.vstack", "vstack"),
    "hstack": ("experimental.numpy.hstack", "hstack"),
    "nan_to_num": ("experimental.numpy.nan_to_num", "nan_to_num"),
    "real": ("math.real", "real"),
    "imag": ("math.imag", "imag"),
    "angle": ("math.angle", "angle"),
    "float32": ("identity", "convert_to_tensor"),
    "isfinite": ("math.is_finite", "isfinite"),
    "isnan": ("math.is_nan", "isnan"),
    "array": ("convert_to_tensor", "convert_to_tensor"),
    **dict.fromkeys(("asarray", "asanyarray", "ascontiguousarray"), ("convert_to_tensor", "convert_to_tensor")),
    "ravel": ("reshape", "ravel"),
    "flatten": ("reshape", "ravel"),
    "special.expit": ("sigmoid", "sigmoid"),
    "special.softmax": ("nn.softmax", "softmax"),
    "special.logsumexp": ("reduce_logsumexp", "logsumexp"),
    "special.erf": ("math.erf", "erf"),
}
# The same in Python's `math` and as builtins.
MATH = {"exp", "log", "sqrt", "sin", "cos", "tan", "tanh", "pow", "fabs", "sinh", "cosh", "log1p", "expm1"}
# Methods of arrays that reduce or reshape them.
METHODS = ("ravel", "flatten", "mean", "sum", "max", "min", "std", "var", "prod", "reshape", "transpose", "squeeze", "clip", "round", "dot", "cumsum")
# Methods that hand a tensor to NumPy or Python and are left out.
LEAVING_METHODS = ("numpy", "item", "tolist", "__array__")


def counterpart(name: str, tf: str | None, ops: str | None, keras_style: bool) -> str | None:
    """What to call instead of a NumPy function, None where there is nothing of the kind."""
    found = FUNCTIONS.get(name)
    if found is None:
        return None
    tensorflow, keras = found
    if keras_style or tf is None:
        return f"{ops}.{keras}" if ops else None
    if name == "outer":
        return None
    return f"{tf}.{tensorflow}" if tensorflow else None
