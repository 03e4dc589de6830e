"""How the user's own cells call TensorFlow, Keras and NumPy: a fix speaks with the names that are there."""

from __future__ import annotations

import functools

import libcst as cst

from gradmagic.fixes.code import Code, cells, dotted, last_name, parameters_of
from gradmagic.fixes.flow import stores_of
from gradmagic.recording import Recording

# What TensorFlow and keras.ops call the same function.
SPELLINGS = {
    "reduce_sum": ("reduce_sum", "sum"),
    "reduce_mean": ("reduce_mean", "mean"),
    "reduce_max": ("reduce_max", "max"),
    "reduce_variance": ("math.reduce_variance", "var"),
    "logaddexp": ("experimental.numpy.logaddexp", "logaddexp"),
    "reduce_logsumexp": ("reduce_logsumexp", "logsumexp"),
    "log_softmax": ("nn.log_softmax", "log_softmax"),
    "softmax": ("nn.softmax", "softmax"),
    "softplus": ("math.softplus", "softplus"),
    "sigmoid": ("sigmoid", "sigmoid"),
    "log_sigmoid": ("math.log_sigmoid", "log_sigmoid"),
    "expm1": ("math.expm1", "expm1"),
    "leaky_relu": ("nn.leaky_relu", "leaky_relu"),
    "divide_no_nan": ("math.divide_no_nan", "divide_no_nan"),
    "clip": ("clip_by_value", "clip"),
    "is_finite": ("math.is_finite", "isfinite"),
    "log": ("math.log", "log"),
    "conj": ("math.conj", "conj"),
    "random_normal": ("random.normal", None),
    "range": ("range", "arange"),
    "shape": ("shape", "shape"),
    "expand_dims": ("expand_dims", "expand_dims"),
}


class Names:
    """The aliases that the imports of all known cells make."""

    def __init__(self, codes: tuple[Code, ...]) -> None:
        self.aliases: dict[str, str] = {}
        for code in codes:
            for node in code.all(cst.Import):
                for alias in node.names:
                    full = dotted(alias.name)
                    self.aliases[alias.evaluated_alias or full] = full
            for source in code.all(cst.ImportFrom):
                if source.module is None or isinstance(source.names, cst.ImportStar):
                    continue
                for alias in source.names:
                    self.aliases[alias.evaluated_alias or alias.evaluated_name] = f"{dotted(source.module)}.{alias.evaluated_name}"

    def of(self, *modules: str) -> str | None:
        """The name under which one of these modules is known."""
        return next((alias for module in modules for alias, full in self.aliases.items() if full == module), None)

    @property
    def tf(self) -> str | None:
        return self.of("tensorflow")

    @property
    def keras(self) -> str | None:
        found = self.of("keras", "tensorflow.keras")
        return found or (f"{self.tf}.keras" if self.tf else None)

    @property
    def ops(self) -> str | None:
        found = self.of("keras.ops", "tensorflow.keras.ops")
        return found or (f"{self.keras}.ops" if self.of("keras", "tensorflow.keras") else None)

    @property
    def numpy(self) -> str | None:
        return self.of("numpy")

    def module(self, call: cst.CSTNode) -> str:
        """The full module path of a called function, as far as the imports tell: ``"numpy.linalg.norm"``."""
        name = dotted(call)
        root, _, rest = name.partition(".")
        full = self.aliases.get(root)
        return name if full is None else f"{full}.{rest}" if rest else full

    def is_keras_ops(self, function: cst.CSTNode) -> bool:
        return ".ops." in self.module(function)

    def function(self, name: str, like: cst.CSTNode | None = None) -> str | None:
        """How to call a function of TensorFlow here; in keras.ops where the code beside it (`like`) is written with that, or TensorFlow has no name."""
        tensorflow, ops = SPELLINGS.get(name, (name, name))
        if self.ops and ops and (self.tf is None or (like is not None and self.is_keras_ops(like))):
            return f"{self.ops}.{ops}"
        return f"{self.tf}.{tensorflow}" if self.tf and tensorflow else None


def names_of(recording: Recording) -> Names:
    """The aliases of a recording's cells."""
    return _names(tuple(cells(recording)))


@functools.lru_cache(maxsize=8)
def _names(codes: tuple[Code, ...]) -> Names:
    return Names(codes)


def new_name(code: Code, wanted: str, within: cst.CSTNode | None = None) -> str:
    """A name that the cell does not use yet."""
    taken = {n.value for n in code.all(cst.Name)}
    return wanted if wanted not in taken else next(f"{wanted}_{i}" for i in range(2, 1000) if f"{wanted}_{i}" not in taken)


def is_known_at(recording: Recording, code: Code, node: cst.CSTNode, name: str) -> bool:
    """Whether code where a node stands can read a name: of the notebook, of a file's top, or of a function around the node."""
    around = [f for f in code.around(node) if isinstance(f, cst.FunctionDef)]
    if any(name in parameters_of(f) for f in around) or any(code.scope(s) in around for s in stores_of(code, name, code.module)):
        return True
    return any(c.scope(s) is c.module for c in {code, *cells(recording)} for s in stores_of(c, name, c.module))


def calls_of(code: Code, names: set[str], within: cst.CSTNode | None = None) -> list[cst.Call]:
    """Calls of functions with one of these last names."""
    return [c for c in code.all(cst.Call, within) if last_name(c.func) in names]
