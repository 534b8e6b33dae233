"""Firefox over Marionette, its own remote control: JSON over a socket, no driver in between.

The browser is started without a window, with scripts of pages switched off. What is asked of a page here runs outside
of it, so it works without them.
"""

from __future__ import annotations

import contextlib
import json
import shutil
import socket
import subprocess
import time
from pathlib import Path
from typing import Any, Self

FIREFOX = shutil.which("firefox-esr") or shutil.which("firefox")
ELEMENT = "element-6066-11e4-a52e-4f735466cecf"
KEYS = {"Tab": "\ue004", "Enter": "\ue007", "Space": " "}
PREFERENCES = {
    "javascript.enabled": False,
    "browser.zoom.siteSpecific": False,
    "accessibility.tabfocus": 7,
    "datareporting.policy.dataSubmissionEnabled": False,
    "app.update.disabledForTesting": True,
    "browser.shell.checkDefaultBrowser": False,
    "browser.startup.page": 0,
    "browser.aboutwelcome.enabled": False,
    "network.captive-portal-service.enabled": False,
    "network.connectivity-service.enabled": False,
    "toolkit.telemetry.reportingpolicy.firstRun": False,
    "remote.prefs.recommended": True,
}


class Firefox:
    """One browser with one tab and a profile of its own in ``folder``."""

    def __init__(self, folder: Path, port: int, *, width: int, height: int, **preferences: Any) -> None:
        folder.mkdir(parents=True)
        wanted = {**PREFERENCES, "marionette.port": port, **preferences}
        lines = [f"user_pref({json.dumps(name)}, {json.dumps(value)});" for name, value in wanted.items()]
        (folder / "user.js").write_text("\n".join(lines))
        words = [
            FIREFOX,
            "--headless",
            "--marionette",
            "--remote-allow-system-access",
            "--no-remote",
            "--profile",
            str(folder),
        ]
        words += [f"--width={width}", f"--height={height}", "about:blank"]
        with (folder / "firefox.log").open("wb") as log:
            environment = {"HOME": str(folder), "PATH": "/usr/bin:/bin", "MOZ_DISABLE_CONTENT_SANDBOX": "1"}
            environment |= {"MOZ_HEADLESS_WIDTH": str(width), "MOZ_HEADLESS_HEIGHT": str(height)}
            self._process = subprocess.Popen(words, env=environment, stdout=log, stderr=log)
        self._number = 0
        self._socket = self._connect(port)
        self._buffer = self._socket.makefile("rb")
        self._read()  # the greeting
        self.ask("WebDriver:NewSession", capabilities={"alwaysMatch": {"pageLoadStrategy": "normal"}})
        self.ask("WebDriver:SetWindowRect", width=width, height=height)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._buffer.close()  # while it is open the socket stays open too
        self._socket.close()
        self._process.terminate()
        self._process.wait(20)

    def go(self, address: str) -> None:
        """To this address, loaded."""
        self.ask("WebDriver:Navigate", url=address)

    def run(self, script: str, *values: Any) -> Any:
        """What this function body, run beside the page, returns for these ``arguments``."""
        return self.ask("WebDriver:ExecuteScript", script=script, args=list(values), sandbox="system")["value"]

    def press(self, *keys: str) -> None:
        """Press and let go of keys, one after the other."""
        strokes = [{"type": kind, "value": KEYS[key]} for key in keys for kind in ("keyDown", "keyUp")]
        self.ask("WebDriver:PerformActions", actions=[{"type": "key", "id": "keyboard", "actions": strokes}])
        self._see()

    def type(self, text: str) -> None:
        """Type into what has the focus."""
        self.ask("WebDriver:ElementSendKeys", id=self.ask("WebDriver:GetActiveElement")["value"][ELEMENT], text=text)
        self._see()

    def choose_files(self, selector: str, paths: list[Path]) -> None:
        """Give a file field its files."""
        field = self.ask("WebDriver:FindElement", using="css selector", value=selector)["value"][ELEMENT]
        for path in paths:
            self.ask("WebDriver:ElementSendKeys", id=field, text=str(path))

    def zoom(self, factor: float) -> None:
        """Zoom as the browser's own menu does, for the tab as long as it lives."""
        self.ask("Marionette:SetContext", value="chrome")
        self.ask("WebDriver:ExecuteScript", script="FullZoom.setZoom(arguments[0])", args=[factor])
        self.ask("Marionette:SetContext", value="content")

    def _see(self) -> None:
        """Wait until the window is drawn: no person strikes the next key before, and Firefox forgets to scroll."""
        script = "const [seen] = arguments; requestAnimationFrame(() => requestAnimationFrame(() => seen()))"
        with contextlib.suppress(RuntimeError):  # the key led to another page, and this one is gone
            self.ask("WebDriver:ExecuteAsyncScript", script=script, args=[], sandbox="system")

    def ask(self, command: str, **values: Any) -> Any:
        """Send a command and return what comes back. Raises RuntimeError with the browser's words."""
        self._number += 1
        sent = json.dumps([0, self._number, command, values]).encode()
        self._socket.sendall(str(len(sent)).encode() + b":" + sent)
        _, _, error, result = self._read()
        if error:
            raise RuntimeError(f"{command}: {error['error']}: {error['message']}")
        return result

    def _read(self) -> Any:
        size = b""
        while (byte := self._buffer.read(1)) != b":":
            if not byte:
                raise ConnectionError("Firefox is gone")
            size += byte
        return json.loads(self._buffer.read(int(size)))

    def _connect(self, port: int) -> socket.socket:
        for _ in range(300):
            try:
                return socket.create_connection(("127.0.0.1", port), timeout=60)
            except OSError:
                time.sleep(0.1)
        raise RuntimeError("Firefox did not start")
