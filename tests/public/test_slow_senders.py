"""People who send slowly stop nobody (SECURITY 15)."""

from __future__ import annotations

import contextlib
import io
import time
from pathlib import Path

import pytest
from werkzeug.exceptions import RequestTimeout

from tests.served import Browser, Served, begin, finish, served, token
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


def test_a_body_that_comes_at_a_fair_pace_is_read_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    moment = [0.0]
    monkeypatch.setattr(web_request.time, "monotonic", lambda: moment[0])
    body = web_request.PacedBody(io.BytesIO(b"x" * 300_000))
    first = body.read(200_000)
    moment[0] = 60.0
    assert len(first + body.read()) == 300_000
