"""Public pages take turns in a process, and nothing slow keeps a turn from the others."""

import io
import threading

import pytest

from tipline.web import turns
from tipline.web.turns import PublicTurns

WAIT = 10


class Stage:
    """An application that notes who is on it, and holds those whose path says so until they are let go."""

    def __init__(self):
        self.inside = self.most = 0
        self.arrived = threading.Semaphore(0)
        self.let_go = threading.Event()

    def __call__(self, environ, _start):
        self.inside += 1
        self.most = max(self.most, self.inside)
        self.arrived.release()
        if "held" in environ["PATH_INFO"]:
            assert self.let_go.wait(WAIT)
        body = environ["wsgi.input"].read()
        self.inside -= 1
        return [body]


@pytest.fixture
def stage():
    return Stage()


def ask(app, path, method="GET", kind="", body=b"", length=None):
    environ = {
        "PATH_INFO": path,
        "REQUEST_METHOD": method,
        "CONTENT_TYPE": kind,
        "CONTENT_LENGTH": str(len(body)) if length is None else length,
        "wsgi.input": io.BytesIO(body),
    }
    thread = threading.Thread(target=lambda: app(environ, None), daemon=True)
    thread.start()
    return thread


def test_public_pages_are_made_one_after_the_other(stage, monkeypatch):
    monkeypatch.setattr(turns, "PATIENCE", WAIT)
    app = PublicTurns(stage)
    threads = [ask(app, "/en/held") for _ in range(3)]
    assert stage.arrived.acquire(timeout=WAIT)
    stage.let_go.set()
    for thread in threads:
        thread.join(WAIT)
    assert stage.most == 1


@pytest.mark.parametrize("path", ["/en/", "/staff/", "/admin/"])
def test_a_page_that_hangs_stops_nobody(stage, monkeypatch, path):
    monkeypatch.setattr(turns, "PATIENCE", 0.01)
    app = PublicTurns(stage)
    held = ask(app, "/en/held")
    assert stage.arrived.acquire(timeout=WAIT)
    ask(app, path).join(WAIT)
    assert stage.most == 2
    stage.let_go.set()
    held.join(WAIT)


def test_a_form_is_read_before_its_turn_and_arrives_whole(stage):
    answers = []
    app = PublicTurns(lambda environ, _start: answers.append(environ["wsgi.input"].read()) or [])
    ask(app, "/en/tip", "POST", "application/x-www-form-urlencoded", b"narrative=x").join(WAIT)
    assert answers == [b"narrative=x"]


@pytest.mark.parametrize(
    ("kind", "length"),
    [
        ("multipart/form-data; boundary=b", None),
        ("application/x-www-form-urlencoded", "99999999999"),
        ("text/plain", ""),
    ],
)
def test_what_may_be_slow_or_long_takes_no_turn(stage, monkeypatch, kind, length):
    monkeypatch.setattr(turns, "PATIENCE", WAIT)
    app = PublicTurns(stage)
    slow = ask(app, "/en/held", "POST", kind, b"body", length)
    assert stage.arrived.acquire(timeout=WAIT)
    page = ask(app, "/en/")
    assert stage.arrived.acquire(timeout=WAIT)
    page.join(WAIT)
    stage.let_go.set()
    slow.join(WAIT)
    assert stage.most == 2
