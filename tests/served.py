"""A real server of the public door on an instance of its own, and a small browser on plain sockets."""

from __future__ import annotations

import contextlib
import os
import random
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Self
from urllib.parse import urlencode

from tests.tipsters import NARRATIVE, TestDesk, make_desk
from tipline import clock, config
from tipline.extensions import db
from tipline.services import schema

ROOT = Path(__file__).resolve().parents[1]
PATIENCE = 60  # seconds that a busy machine may take to start a server
SERVE = "from tipline import config; from tipline.cli.serve import server; server(config.from_environment()).serve()"
_TOKEN = re.compile(rb'name="csrf_token"[^>]*value="([^"]+)"')
_LANGUAGE = re.compile(rb'<option value="(\d+)" selected')
_RECEIPT = re.compile(rb'class="tl-receipt__code"[^>]*>\s*([0-9A-Z-]{23})')


@dataclass
class Served:
    """One instance and the server on it."""

    folder: Path
    port: int
    desk: TestDesk
    environment: dict[str, str]
    process: subprocess.Popen[bytes] | None = None

    @property
    def settings(self) -> config.Settings:
        """The settings that the server runs with."""
        return config.from_environment(self.environment)

    def start(self) -> None:
        """Start the server and wait until it answers."""
        with (self.folder / "out.log").open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-c", SERVE],
                env={**os.environ, **self.environment},
                cwd=ROOT,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            with contextlib.suppress(OSError), Browser(self.port) as browser:
                if browser.get("/en/receipt").status == 200:
                    return
            time.sleep(0.1)
        raise RuntimeError(f"the server did not start: {(self.folder / 'out.log').read_text()[-2000:]}")

    def stop(self, sign: int = signal.SIGTERM) -> None:
        """End the server and all of its workers."""
        if self.process is None:
            return
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, sign)
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait(20)
        self.process = None

    def pids(self) -> list[int]:
        """The server's processes: everything in its session."""
        assert self.process is not None
        found = []
        for entry in Path("/proc").iterdir():
            if entry.name.isdigit():
                with contextlib.suppress(OSError):
                    fields = (entry / "stat").read_text().rpartition(")")[2].split()
                    if int(fields[3]) == self.process.pid:
                        found.append(int(entry.name))
        return found

    def cpu_seconds(self) -> float:
        """Processor time that the server has used, children that have ended included."""
        ticks = 0
        for pid in self.pids():
            with contextlib.suppress(OSError):
                fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
                ticks += sum(int(fields[place]) for place in (11, 12, 13, 14))
        return ticks / os.sysconf("SC_CLK_TCK")


@contextlib.contextmanager
def served(folder: Path, **variables: str) -> Iterator[Served]:
    """An instance with one desk and exhibit in ``folder``, served until the block ends."""
    (folder / "instance").mkdir(parents=True)
    environment = {
        "TIPLINE_INSTANCE": str(folder / "instance"),
        "TIPLINE_SECRETS": str(folder / "secrets"),
        "TIPLINE_PARTS": "public",
        "PORT": str(free_port()),
        "TMPDIR": str(folder / "tmp"),
        **variables,
    }
    (folder / "tmp").mkdir()
    settings = config.use(config.from_environment(environment))
    schema.upgrade(settings.database_url)
    db.connect(settings.database_url)
    served_here = Served(folder, settings.port, make_desk(clock.now()), environment)
    try:
        served_here.start()
        yield served_here
    finally:
        served_here.stop()


@dataclass
class Answer:
    """A status, where it leads, and the body."""

    status: int
    location: str
    body: bytes


class Browser:
    """A visitor without scripts: one connection, one cookie, from an address of the loopback network."""

    def __init__(self, port: int, address: str = "127.0.0.1") -> None:
        self.cookie = b""
        self._host = f"127.0.0.1:{port}".encode()
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=60, source_address=(address, 0))
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._file = self._socket.makefile("rb", buffering=65536)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()
        self._socket.close()

    def get(self, path: str) -> Answer:
        """Get a page."""
        self.send_head(b"GET", path)
        return self.answer()

    def post(self, path: str, fields: dict[str, str]) -> Answer:
        """Post a form."""
        body = urlencode(fields).encode()
        self.send_head(b"POST", path, b"application/x-www-form-urlencoded", len(body), body)
        return self.answer()

    def send_head(self, method: bytes, path: str, kind: bytes = b"", size: int = 0, body: bytes = b"") -> None:
        """Send a request's head, and a body that is at hand."""
        lines = [method + b" " + path.encode() + b" HTTP/1.1", b"Host: " + self._host]
        if self.cookie:
            lines.append(b"Cookie: " + self.cookie)
        if kind:
            lines += [b"Content-Type: " + kind, b"Content-Length: " + str(size).encode()]
        self._socket.sendall(b"\r\n".join(lines) + b"\r\n\r\n" + body)

    def send_body(self, data: bytes) -> None:
        """Send more of a body."""
        self._socket.sendall(data)

    def answer(self) -> Answer:
        """Read one answer and take its cookie. Raises ConnectionError when the server is gone."""
        first = self._file.readline()
        if not first:
            raise ConnectionError
        size, location = 0, ""
        while (line := self._file.readline()) not in {b"\r\n", b""}:
            name, _, value = line.partition(b":")
            name = name.lower()
            if name == b"content-length":
                size = int(value)
            elif name == b"set-cookie":
                self.cookie = value.strip().split(b";")[0]
            elif name == b"location":
                location = value.strip().decode()
        body = self._file.read(size)
        if len(body) < size:
            raise ConnectionError
        return Answer(int(first.split()[1]), location, body)


def token(answer: Answer) -> str:
    """The token of a page's form."""
    found = _TOKEN.search(answer.body)
    assert found, f"no form on a page with status {answer.status}"
    return found.group(1).decode()


def chosen_language(answer: Answer) -> str:
    """The tip language that the first page has chosen."""
    found = _LANGUAGE.search(answer.body)
    assert found
    return found.group(1).decode()


def begin(browser: Browser, narrative: str = NARRATIVE, ref: str = "curtain1") -> Answer:
    """From the first page to the check page."""
    page = browser.get(f"/en/exhibits/{ref}/tip")
    fields = {"csrf_token": token(page), "narrative": narrative, "tip_language": chosen_language(page)}
    answer = browser.post(f"/en/exhibits/{ref}/tip", fields)
    assert answer.status == 303, answer.status
    return browser.get("/en/tip/check")


def finish(browser: Browser, check: Answer) -> str:
    """From the check page to the receipt."""
    answer = browser.post("/en/tip/send", {"csrf_token": token(check), "acknowledge": "y"})
    assert answer.status == 303, answer.status
    found = _RECEIPT.search(browser.get("/en/tip/sent").body)
    assert found
    return found.group(1).decode()


def free_port() -> int:
    """A port that nothing listens on, below those that a system gives to callers.

    Among those somebody who calls before the server listens can be given the very port that is called, and is answered
    by an echo.
    """
    while True:
        port = random.randrange(20_000, 32_000)
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port
