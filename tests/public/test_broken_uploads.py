"""An upload that breaks off leaves the text and the other files as they are, and any process tells how far it came."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from tests.public.test_tip_survives_kill import add_photo
from tests.served import Browser, Served, begin, finish, served, token
from tests.tipsters import NARRATIVE

ARRIVING = "/en/tip/files/arriving"
SIZE = 6_000_000


def test_a_cut_connection_loses_nothing_that_was_there(tmp_path: Path) -> None:
    with served(tmp_path, TIPLINE_WORKERS="2") as server, Browser(server.port) as looking:
        begin(looking)
        add_photo(looking)
        before = stored(server)
        with Browser(server.port) as sending:
            sending.cookie = looking.cookie
            start_upload(sending)
            until(lambda: b"of 5.8 MB have arrived." in looking.get(ARRIVING).body, sending)
        until(lambda: b"this shows how much has arrived" in looking.get(ARRIVING).body)
        until(lambda: stored(server) == before)
        assert NARRATIVE.encode() in looking.get("/en/tip/check").body
        page = looking.get("/en/tip/files").body
        assert page.count(b'class="tl-files__file"') == 1
        assert b"If the upload breaks off, open this page again" in page
        assert finish(looking, looking.get("/en/tip/check"))


def start_upload(browser: Browser) -> None:
    """Send the head of a form with a large file, and its first bytes."""
    code = token(browser.get("/en/tip/files"))
    head = f'--b\r\nContent-Disposition: form-data; name="csrf_token"\r\n\r\n{code}\r\n--b\r\n'
    head += 'Content-Disposition: form-data; name="files"; filename="a.pdf"\r\n\r\n%PDF-1.7\n' + "x" * 4000
    browser.send_head(b"POST", "/en/tip/files", b"multipart/form-data; boundary=b", SIZE, head.encode())


def until(happened: Callable[[], bool], sending: Browser | None = None) -> None:
    """Wait for something, while more of the upload comes."""
    for _ in range(100):
        if happened():
            return
        if sending is not None:
            sending.send_body(b"x" * 50_000)
        time.sleep(0.1)
    raise AssertionError("it did not happen")


def stored(server: Served) -> set[str]:
    """The names of all files in storage, unfinished ones included."""
    return {path.name for path in (server.settings.instance / "files").rglob("*") if path.is_file()}
