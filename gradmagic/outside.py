"""Code that a trial must not run: its traces reach beyond the process, or what it uses cannot be put back."""

from __future__ import annotations

import ast
import re
import types
from collections.abc import Iterable
from typing import Any

# Calls that reach beyond the process: their traces would stay.
OUTSIDE = frozenset(
    {"save", "save_weights", "save_model", "export", "to_csv", "to_pickle", "to_parquet", "savez", "savefig", "dump", "unlink", "rmdir", "rmtree", "makedirs", "mkdir", "system", "Popen"}
    | {"check_call", "check_output", "urlopen", "urlretrieve", "get_file", "post", "input", "write_text", "write_bytes", "imsave", "write_video", "push_to_hub", "upload"}
    | {"write_file", "TFRecordWriter", "create_file_writer", "savetxt", "tofile", "to_excel", "to_hdf", "to_feather", "to_sql", "imwrite", "save_img", "plot_model", "touch", "symlink"}
)
# Lists and tables have methods of these names.
OF_OS = frozenset({"remove", "rename", "replace", "putenv"})
# Whatever is called of them reaches beyond the process.
MODULES = frozenset({"subprocess", "shutil", "requests", "socket", "sqlite3", "smtplib", "wandb", "mlflow"})
CALLBACKS = frozenset({"ModelCheckpoint", "TensorBoard", "CSVLogger", "BackupAndRestore"})


class NotTried(Exception):
    """A trial was not possible; the message is one sentence."""


def refuse(source: str) -> None:
    """Raises NotTried for code that reaches beyond the process."""
    lines = [line.strip() for line in source.split("\n")]
    body = [line for i, line in enumerate(lines) if line and not (line.startswith("%%gradcheck") and not any(lines[:i]))]
    if any(line.startswith(("!", "%")) for line in body) and _parse(source) is None:
        raise NotTried("the cell has magics or shell commands, whose traces cannot be undone, so the fix was not tried")
    tree = _parse("\n".join("" if line.startswith("%%gradcheck") else raw for line, raw in zip(lines, source.split("\n"), strict=True)))
    for node in ast.walk(tree) if tree is not None else ():
        name = node.func.attr if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) else node.func.id if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) else ""
        owner = node.func.value if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) else None
        name = f"{owner.id}.{name}" if isinstance(owner, ast.Name) and owner.id in MODULES else name
        name = f"os.{name}" if isinstance(owner, ast.Name) and owner.id == "os" and name in OF_OS else name
        if name.partition(".")[0] in MODULES | {"os"} or name in OUTSIDE or name in CALLBACKS or (name == "open" and isinstance(node, ast.Call) and _writes(node)):
            raise NotTried(f"the cell calls `{name}`, whose traces outside the notebook cannot be undone, so the fix was not tried")


def _writes(call: ast.Call) -> bool:
    mode = next((k.value for k in call.keywords if k.arg == "mode"), call.args[1] if len(call.args) > 1 else None)
    return mode is not None and not (isinstance(mode, ast.Constant) and isinstance(mode.value, str) and not set(mode.value) & set("wax+"))


def _parse(source: str) -> ast.Module | None:
    try:
        return ast.parse(source)
    except SyntaxError:
        return None


def refuse_unrestorable(found: dict[str, str], source: str, namespace: dict[str, Any]) -> None:
    """Raises NotTried for code that leads, by itself or through functions of the notebook, to something that cannot be put back."""
    used = sorted(set(found) & _names_in(source, namespace))
    if used:
        raise NotTried(f"the cell uses `{used[0]}`, {found[used[0]]} cannot be put back, so the fix was not tried")


def _names_in(source: str, namespace: dict[str, Any]) -> set[str]:
    names = set(re.findall(r"[^\W\d]\w*", source))

    def called(words: Iterable[str]) -> list[types.CodeType]:
        found = [namespace.get(word) for word in words]
        return [f.__code__ for f in found if isinstance(f, types.FunctionType) and f.__module__ == "__main__"]

    waiting, seen = called(names), set[types.CodeType]()
    while waiting:
        code = waiting.pop()
        if code not in seen:
            seen.add(code)
            names.update(code.co_names)
            waiting += [c for c in code.co_consts if isinstance(c, types.CodeType)] + called(code.co_names)
    return names
