"""Words, names and pictures of a tip lie nowhere in clear: during an upload, after it, and after a kill in its middle.

A real server process; every file under the instance, its temp folder and its open descriptors is searched.
"""

from __future__ import annotations

import contextlib
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.served import Browser, Served, begin, finish, served, token

WORDS = b"the-words-of-this-tip-are-secret"
NAME = b"secret-name-of-a-file"
PIXELS = b"SECRET-PICTURE-CONTENT-" * 16
SIZE = 50 * 1024 * 1024 - 64


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """One server for these tests."""
    with served(tmp_path_factory.mktemp("plain")) as running:
        yield running


def search(server: Served) -> list[str]:
    """Where any of the secrets can be found."""
    places = [path for path in server.folder.rglob("*") if path.is_file()]
    for pid in server.pids() if server.process else ():
        with contextlib.suppress(OSError):
            places += list(Path(f"/proc/{pid}/fd").iterdir())
    found = []
    for place in places:
        # Pipes and sockets are not files on a disk, and reading them here would take bytes away from the server.
        with contextlib.suppress(OSError):
            if not place.is_file():
                continue
            content = place.read_bytes()
            found += [f"{secret!r} in {place}" for secret in (WORDS, NAME, PIXELS) if secret in content]
    return found


class HalfUpload:
    """An upload that is sent piece by piece."""

    def __init__(self, browser: Browser) -> None:
        page = browser.get("/en/tip/files")
        head = b'--b\r\nContent-Disposition: form-data; name="csrf_token"\r\n\r\n' + token(page).encode()
        head += b'\r\n--b\r\nContent-Disposition: form-data; name="files"; filename="' + NAME + b'.pdf"\r\n\r\n'
        self._tail = b"\r\n--b--\r\n"
        self._browser = browser
        self._left = SIZE
        browser.send_head(
            b"POST", "/en/tip/files", b"multipart/form-data; boundary=b", len(head) + SIZE + len(self._tail)
        )
        browser.send_body(head + b"%PDF-1.7\n")
        self._left -= 9

    def send(self, size: int) -> None:
        piece = (PIXELS * (1 << 10))[: min(size, 1 << 18)]
        while size > 0 and self._left > 0:
            part = piece[: min(len(piece), self._left, size)]
            self._browser.send_body(part)
            self._left -= len(part)
            size -= len(part)

    def finish(self) -> int:
        self.send(self._left)
        self._browser.send_body(self._tail)
        return self._browser.answer().status


def test_the_search_finds_what_lies_in_clear(server: Served) -> None:
    probe = server.folder / "instance" / "probe"
    probe.write_bytes(b"x" * 100 + WORDS + PIXELS + NAME)
    assert len(search(server)) == 3
    probe.unlink()
    assert search(server) == []


def test_nothing_is_in_clear_during_an_upload_after_it_and_after_sending(server: Served) -> None:
    with Browser(server.port) as browser:
        begin(browser, WORDS.decode())
        upload = HalfUpload(browser)
        for _ in range(3):
            upload.send(SIZE // 4)
            time.sleep(0.2)
            assert search(server) == []
        assert stored_bytes(server) > SIZE // 2, "the upload is under way"
        assert upload.finish() == 303
        assert search(server) == []
        check = browser.get("/en/tip/check")
        assert NAME in check.body
        assert finish(browser, check)
    assert search(server) == []


def test_nothing_is_in_clear_after_a_kill_in_the_middle_of_an_upload(server: Served) -> None:
    with Browser(server.port) as browser:
        begin(browser, WORDS.decode())
        upload = HalfUpload(browser)
        upload.send(SIZE // 2)
        time.sleep(0.5)
        server.stop(signal.SIGKILL)
    assert stored_bytes(server) > 0, "something was on its way to the disk"
    assert search(server) == []
    server.start()


def stored_bytes(server: Served) -> int:
    """How many bytes lie in storage, unfinished files included."""
    return sum(path.stat().st_size for path in (server.folder / "instance" / "files").rglob("*") if path.is_file())
