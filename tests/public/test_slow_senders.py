"""People who send slowly stop nobody (SECURITY 15)."""

from __future__ import annotations

import contextlib
import io
import time
from pathlib import Path
from typing import Any

import pytest
from werkzeug.exceptions import RequestTimeout

from tests.pages import PageClient
from tests.served import Browser, Served, begin, finish, served, token
from tests.tipsters import TestDesk
from tipline.web import request as web_request

MANY = 100


@pytest.mark.parametrize("uploading", [False, True], ids=["texts", "files"])
def test_a_hundred_half_sent_posts_stop_nobody(tmp_path: Path, *, uploading: bool) -> None:
    with served(tmp_path) as server, contextlib.ExitStack() as held:
        for number in range(MANY):
            browser = held.enter_context(Browser(server.port, f"127.1.0.{number + 1}"))
            send_half(server, browser, uploading=uploading)
        time.sleep(1)
        with Browser(server.port, "127.2.0.1") as visitor:
            assert finish(visitor, begin(visitor))


def send_half(server: Served, browser: Browser, *, uploading: bool) -> None:
    """Begin a post and keep the rest back."""
    if not uploading:
        body = b"narrative=I+have+seen"
        browser.send_head(b"POST", "/en/exhibits/curtain1/tip", b"application/x-www-form-urlencoded", 5000, body)
        return
    begin(browser)
    code = token(browser.get("/en/tip/files"))
    head = f'--b\r\nContent-Disposition: form-data; name="csrf_token"\r\n\r\n{code}\r\n--b\r\n'
    head += 'Content-Disposition: form-data; name="files"; filename="a.pdf"\r\n\r\n%PDF-1.7\n' + "x" * 4000
    browser.send_head(b"POST", "/en/tip/files", b"multipart/form-data; boundary=b", 10_000_000, head.encode())


def test_a_body_that_trickles_ends_the_request(monkeypatch: pytest.MonkeyPatch) -> None:
    moment = [0.0]
    monkeypatch.setattr(web_request.time, "monotonic", lambda: moment[0])
    body = web_request.PacedBody(io.BytesIO(b"x" * 300_000))
    assert len(body.read(100)) == 100
    moment[0] = web_request.GRACE_SECONDS
    assert len(body.read(100)) == 100
    moment[0] = web_request.GRACE_SECONDS + 10
    with pytest.raises(RequestTimeout):
        body.read(100)


@pytest.mark.parametrize("kind", ["application/x-www-form-urlencoded", "multipart/form-data; boundary=b"])
def test_a_form_that_trickles_ends_as_well(
    client: PageClient, desk: TestDesk, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    body = _Trickle(monkeypatch, b"narrative=" + b"x" * 50_000)
    answer = client.post("/en/tip", input_stream=body, content_length=50_010, content_type=kind)
    assert answer.status_code == 408
    assert body.moment < 2 * web_request.GRACE_SECONDS


class _Trickle(io.BytesIO):
    """Fifty bytes a second from a server that waits for all that it is asked for."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, body: bytes) -> None:
        super().__init__(body)
        self.moment = 0.0
        monkeypatch.setattr(web_request.time, "monotonic", lambda: self.moment)

    def readinto(self, piece: Any) -> int:
        """As much as is asked for, when it is there."""
        self.moment += len(piece) / 50
        return super().readinto(piece)

    def read(self, size: int | None = -1) -> bytes:
        """The same."""
        piece = super().read(size)
        self.moment += len(piece) / 50
        return piece


def test_a_body_that_comes_at_a_fair_pace_is_read_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    moment = [0.0]
    monkeypatch.setattr(web_request.time, "monotonic", lambda: moment[0])
    body = web_request.PacedBody(io.BytesIO(b"x" * 300_000))
    first = body.read(200_000)
    moment[0] = 60.0
    assert len(first + body.read()) == 300_000
