"""Public pages take turns in a process, and nothing slow keeps a turn from the others."""

import io
import threading
import time

import pytest

from tipline.web import floodgate, turns
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


def wait_for(condition):
    """Until it holds; a test that waits in vain fails."""
    for _ in range(1000):
        if condition():
            return
        time.sleep(0.01)
    raise AssertionError("waited in vain")


def ask(app, path, method="GET", kind="", body=b"", length=None, recent=None):
    environ = {} if recent is None else {floodgate.RECENT: recent}
    environ |= {
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
    app = PublicTurns(stage, stage)
    threads = [ask(app, "/en/held") for _ in range(3)]
    assert stage.arrived.acquire(timeout=WAIT)
    wait_for(lambda: len(app._waiting) == 2)
    stage.let_go.set()
    for thread in threads:
        thread.join(WAIT)
    assert stage.most == 1


@pytest.mark.parametrize("path", ["/en/", "/staff/", "/admin/"])
def test_a_page_that_hangs_stops_nobody(stage, monkeypatch, path):
    monkeypatch.setattr(turns, "PATIENCE", 0.01)
    app = PublicTurns(stage, stage)
    held = ask(app, "/en/held")
    assert stage.arrived.acquire(timeout=WAIT)
    ask(app, path).join(WAIT)
    assert stage.most == 2
    stage.let_go.set()
    held.join(WAIT)


def test_the_next_turn_goes_to_whoever_has_had_the_fewest(stage, monkeypatch):
    monkeypatch.setattr(turns, "PATIENCE", WAIT)
    order = []
    app = PublicTurns(
        lambda environ, start: order.append(environ.get(floodgate.RECENT)) or stage(environ, start), stage
    )
    threads = [ask(app, "/en/held")]
    assert stage.arrived.acquire(timeout=WAIT)
    threads += [ask(app, "/en/", recent=recent) for recent in (500.0, 3.0, 40.0)]
    wait_for(lambda: len(app._waiting) == 3)
    stage.let_go.set()
    for thread in threads:
        thread.join(WAIT)
    assert order == [None, 3.0, 40.0, 500.0]


def test_whoever_has_waited_long_is_not_passed_by_for_ever(stage, monkeypatch):
    moment = [0.0]
    monkeypatch.setattr(turns, "PATIENCE", WAIT)
    monkeypatch.setattr(turns.time, "monotonic", lambda: moment[0])
    order = []
    app = PublicTurns(
        lambda environ, start: order.append(environ.get(floodgate.RECENT)) or stage(environ, start), stage
    )
    threads = [ask(app, "/en/held")]
    assert stage.arrived.acquire(timeout=WAIT)
    for number, recent in enumerate((90.0, 3.0, 4.0)):
        moment[0] = number * 9.0
        threads.append(ask(app, "/en/", recent=recent))
        wait_for(lambda: len(app._waiting) == number + 1)  # noqa: B023 - waited for here
    stage.let_go.set()
    for thread in threads:
        thread.join(WAIT)
    assert order == [None, 90.0, 3.0, 4.0]


def test_when_too_many_wait_the_flood_is_sent_away_and_nobody_else(stage, monkeypatch):
    monkeypatch.setattr(turns, "PATIENCE", WAIT)
    monkeypatch.setattr(turns, "MOST_WAITING", 2)
    refused = []
    app = PublicTurns(stage, lambda environ, _start: refused.append(environ[floodgate.RECENT]) or [])
    threads = [ask(app, "/en/held")]
    assert stage.arrived.acquire(timeout=WAIT)
    wanted = [turns.MANY_REQUESTS + 1, 5.0, 6.0, 7.0, turns.MANY_REQUESTS + 2]
    threads += [ask(app, "/en/", recent=recent) for recent in wanted]
    wait_for(lambda: len(refused) == 2)
    stage.let_go.set()
    for thread in threads:
        thread.join(WAIT)
    assert sorted(refused) == [turns.MANY_REQUESTS + 1, turns.MANY_REQUESTS + 2]


def test_uploads_of_a_flood_are_sent_away_only_while_others_wait(stage, monkeypatch):
    monkeypatch.setattr(turns, "PATIENCE", WAIT)
    refused = []
    app = PublicTurns(stage, lambda environ, _start: refused.append(environ[floodgate.RECENT]) or [])
    flood, few = turns.MANY_REQUESTS + 1, turns.MANY_REQUESTS - 1

    def upload(recent):
        ask(app, "/en/tip/files", "POST", "multipart/form-data; boundary=b", b"body", recent=recent).join(WAIT)

    upload(flood)
    assert not refused
    threads = [ask(app, "/en/held")]
    assert stage.arrived.acquire(timeout=WAIT)
    threads += [ask(app, "/en/") for _ in range(turns.FEW_WAITING)]
    wait_for(lambda: len(app._waiting) == turns.FEW_WAITING)
    upload(few)
    upload(flood)
    assert refused == [flood]
    stage.let_go.set()
    for thread in threads:
        thread.join(WAIT)


def test_a_form_is_read_before_its_turn_and_arrives_whole(stage):
    answers = []
    app = PublicTurns(lambda environ, _start: answers.append(environ["wsgi.input"].read()) or [], stage)
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
    app = PublicTurns(stage, stage)
    slow = ask(app, "/en/held", "POST", kind, b"body", length)
    assert stage.arrived.acquire(timeout=WAIT)
    page = ask(app, "/en/")
    assert stage.arrived.acquire(timeout=WAIT)
    page.join(WAIT)
    stage.let_go.set()
    slow.join(WAIT)
    assert stage.most == 2
