"""A real server with JupyterLab and Notebook 7, and a real Chromium."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat
import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from tests.browser.notebook import OpenNotebook, block_kernels

REPOSITORY = Path(__file__).parent.parent.parent
FLAGS = ("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage")
# What JupyterLab itself says where a test has blocked a request or shut a kernel down.
JUPYTERS_OWN = (
    "net::ERR_FAILED",
    "404 (Not Found)",
    "Failed to fetch",
    "reading 'kernel'",
    "reading 'schema'",
    "'filebrowser:open-path' not registered",
    "debugger state",
    "debug_request",
    "create_subshell_request",
    "kernel_info_request",
    "history_request",
    "Comm not found for comm id",
)
NEWS = '{"fetchNews": "false", "checkForUpdates": false}'


def chromium() -> str | None:
    """Where Chromium is."""
    return shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    path = chromium()
    if path is None:
        pytest.fail("The browser tests need Chromium: `apt-get install chromium` (any Chromium or Chrome on the PATH will do).", pytrace=False)
    with sync_playwright() as playwright:
        found = playwright.chromium.launch(executable_path=path, args=list(FLAGS))
        yield found
        found.close()


@dataclass
class Lab:
    """A running server: `url` of it, `root` is its folder."""

    url: str
    root: Path

    def write(self, name: str, cells: list[Any]) -> Path:
        notebook = nbformat.v4.new_notebook(cells=cells)
        notebook.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
        # As a kernel leaves it: without it code is not highlighted until one has started.
        notebook.metadata["language_info"] = {"name": "python", "mimetype": "text/x-python", "file_extension": ".py"}
        path = self.root / name
        nbformat.write(notebook, path)
        return path


@pytest.fixture(scope="session")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    with _server(tmp_path_factory.mktemp("home"), tmp_path_factory.mktemp("notebooks")) as found:
        yield found


@pytest.fixture(scope="session")
def bare_lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """A server whose JupyterLab does not have the extension."""
    home = tmp_path_factory.mktemp("bare")
    config = home / "config" / "labconfig"
    config.mkdir(parents=True)
    (config / "page_config.json").write_text('{"disabledExtensions": {"@gradmagic/labextension": true}}')
    with _server(home, tmp_path_factory.mktemp("notebooks")) as found:
        yield found


@contextlib.contextmanager
def _server(home: Path, root: Path) -> Iterator[Lab]:
    settings = home / "settings" / "@jupyterlab" / "apputils-extension"
    settings.mkdir(parents=True)
    (settings / "notification.jupyterlab-settings").write_text(NEWS)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    folders = {"JUPYTER_CONFIG_DIR": "config", "JUPYTER_RUNTIME_DIR": "runtime", "JUPYTERLAB_WORKSPACES_DIR": "workspaces", "IPYTHONDIR": "ipython", "JUPYTERLAB_SETTINGS_DIR": "settings"}
    # The extension of this checkout, whatever is installed in the environment.
    extensions = home / "share" / "labextensions" / "@gradmagic"
    extensions.mkdir(parents=True)
    (extensions / "labextension").symlink_to(REPOSITORY / "gradmagic" / "labextension", target_is_directory=True)
    environment = {**os.environ, **{name: str(home / folder) for name, folder in folders.items()}, "TF_CPP_MIN_LOG_LEVEL": "3"}
    environment["JUPYTER_PATH"] = str(home / "share")
    environment["PYTHONPATH"] = os.pathsep.join([str(REPOSITORY), *filter(None, [os.environ.get("PYTHONPATH")])])
    command = [
        sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root", "--ip=127.0.0.1", f"--ServerApp.port={port}", "--IdentityProvider.token=",
        "--ServerApp.disable_check_xsrf=True", f"--ServerApp.root_dir={root}", "--LabApp.expose_app_in_browser=True", "--JupyterNotebookApp.expose_app_in_browser=True",
    ]  # fmt: skip
    with (home / "log").open("w") as log:
        server = subprocess.Popen(command, env=environment, stdout=log, stderr=subprocess.STDOUT, start_new_session=True)
    url = f"http://127.0.0.1:{port}"
    try:
        _wait(url, server, home / "log")
        yield Lab(url, root)
    finally:
        os.killpg(server.pid, signal.SIGTERM)
        try:
            server.wait(30)
        except subprocess.TimeoutExpired:
            # A kernel that was still starting holds it up.
            os.killpg(server.pid, signal.SIGKILL)
            server.wait()


def _wait(url: str, server: Any, log: Path) -> None:
    for _ in range(120):
        assert server.poll() is None, log.read_text()
        try:
            urllib.request.urlopen(f"{url}/api", timeout=2)
            return
        except OSError:
            time.sleep(0.5)
    pytest.fail(log.read_text())


Opener = Callable[..., OpenNotebook]


def _opener(page: Page, lab: Lab, name: str, address: str) -> Opener:
    def open_(*cells: Any, kernel: bool = True) -> OpenNotebook:
        path = lab.root / f"{name}.ipynb"
        if cells:
            lab.write(path.name, [nbformat.v4.new_code_cell(c) if isinstance(c, str) else c for c in cells])
        if not kernel:
            block_kernels(page)
        page.goto(address.format(url=lab.url, workspace=f"{name}-{len(cells)}", path=path.name))
        return OpenNotebook(page, path).ready()

    return open_


@pytest.fixture
def in_lab(page: Page, lab: Lab, request: pytest.FixtureRequest) -> Opener:
    """Write a notebook of these cells (sources or nodes) and open it in JupyterLab, in a workspace of its own; without cells the notebook of before is opened again."""
    return _opener(page, lab, re.sub(r"\W+", "-", request.node.name), "{url}/lab/workspaces/{workspace}/tree/{path}")


@pytest.fixture
def in_bare_lab(page: Page, bare_lab: Lab, request: pytest.FixtureRequest) -> Opener:
    """The same in a JupyterLab without the extension."""
    return _opener(page, bare_lab, re.sub(r"\W+", "-", request.node.name), "{url}/lab/workspaces/{workspace}/tree/{path}")


@pytest.fixture
def in_notebook7(page: Page, lab: Lab, request: pytest.FixtureRequest) -> Opener:
    """The same in Notebook 7."""
    return _opener(page, lab, re.sub(r"\W+", "-", request.node.name), "{url}/notebooks/{path}")


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A fresh window; an error in the page or on its console fails the test."""
    context = browser.new_context(viewport={"width": 1400, "height": 1500})
    found = context.new_page()
    found.set_default_timeout(60_000)
    problems: list[str] = []

    def note(text: str) -> None:
        if not any(own in text for own in JUPYTERS_OWN):
            problems.append(text)

    found.on("pageerror", lambda error: note(str(error)))
    found.on("console", lambda message: note(message.text) if message.type == "error" else None)
    yield found
    context.close()
    assert problems == []
