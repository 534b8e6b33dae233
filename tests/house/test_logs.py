"""What no log, no address and no column may hold: a whole story is told while everything that is logged is kept.

Then what happens when something breaks: a page that is polite, a log without a word of it, and nothing half done.
"""

from __future__ import annotations

import datetime as dt
import logging
import re
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pyotp
import pytest
from flask import Flask
from sqlalchemy import MetaData, Table, event, func, inspect, select
from sqlalchemy.exc import OperationalError

from tests import factories
from tests.conftest import Clock
from tests.journeys.steps import PLACE, STORY, Colleague, Sender, make_everything
from tests.pages import Page, PageClient
from tests.tipsters import exif_photo, receipt_on
from tipline import config, jobs
from tipline.extensions import db
from tipline.models.referral import Package
from tipline.models.tip import Attachment, Mailbox, RightsRequest, Tip, TipKey
from tipline.services import dossier, history, intake, mailbox
from tipline.web import signin, trying

ADDRESS, AGENT = "203.0.113.77", "Mozilla/5.0 MARKER-AGENT"
FILE_NAME, FILE_WORDS = "ΣΗΜΑΔΙ-ΑΡΧΕΙΟΥ.pdf", "MARKER-IN-THE-FILE"
PERSON = {"name": "Μαρία ΣΗΜΑΔΙ-ΟΝΟΜΑ", "email": "marker@person.example"}
NOTE = "MARKER-NOTE of a reviewer"
MAILBOX = "/en/receipt/mailbox"
WORDS = [STORY, "ΣΗΜΑΔΙ-ΙΣΤΟΡΙΑΣ", PLACE, "ΣΗΜΑΔΙ-ΤΟΠΟΥ", FILE_NAME, "ΣΗΜΑΔΙ-ΑΡΧΕΙΟΥ", FILE_WORDS, NOTE, "MARKER-NOTE"]
WORDS += [*PERSON.values(), "ΣΗΜΑΔΙ-ΟΝΟΜΑ", ADDRESS, "MARKER-AGENT", factories.PASSWORD]


class Watched(PageClient):
    """A browser from an address and with a name of its own, that remembers every address it was sent to."""

    addresses: list[str] = []  # noqa: RUF012 - one list for all browsers of a test

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.environ_base.update({"REMOTE_ADDR": ADDRESS, "HTTP_USER_AGENT": AGENT})

    def open(self, *args: Any, **kwargs: Any) -> Any:
        """Note where the request went and where the answer leads."""
        answer = super().open(*args, **kwargs)
        self.addresses += [answer.request.full_path, answer.headers.get("Location", "")]
        return answer


class Kept(logging.Handler):
    """Every record of every logger, with all that could be made of it."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.texts: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keep the message, its arguments and everything else that hangs on the record."""
        self.texts += [logging.Formatter("%(message)s").format(record), repr(vars(record))]


@pytest.fixture
def kept() -> Iterator[Kept]:
    handler = Kept()
    talkative = [logging.getLogger(), logging.getLogger("sqlalchemy")]  # the latter is silent of its own accord
    before = [logger.level for logger in talkative]
    talkative[0].addHandler(handler)
    for logger in talkative:
        logger.setLevel(logging.DEBUG)
    yield handler
    for logger, level in zip(talkative, before, strict=True):
        logger.setLevel(level)
    talkative[0].removeHandler(handler)


@pytest.fixture
def watched(kept: Kept, app: Flask) -> Flask:
    """The service with everything logged, from the first connection to the database on."""
    Watched.addresses = []
    app.test_client_class = Watched
    return app


def forms_of(secret: bytes | str) -> list[str]:
    """How a secret would look in a line of text."""
    if isinstance(secret, str):
        return [secret, secret.lower(), secret.replace("-", "")]
    return [secret.hex(), repr(secret)[2:-1]]


def found(texts: list[str], words: list[str]) -> set[str]:
    """Which of the words stand in any of the texts, also as a repr or a percent-encoding would write them."""
    joined = "\n".join(texts)
    escaped = {word: [word, ascii(word)[1:-1], repr(word.encode())[2:-1]] for word in words}
    return {word for word, forms in escaped.items() if any(form in joined for form in forms)}


def everything_stored() -> list[str]:
    """Every value of every table, as text."""
    db.end()
    metadata, texts = MetaData(), []
    with db.engine.connect() as connection:
        for name in inspect(db.engine).get_table_names():
            rows = connection.execute(select(Table(name, metadata, autoload_with=db.engine)))
            texts += [v.decode("utf-8", "replace") if isinstance(v, bytes) else str(v) for row in rows for v in row]
    return texts


def tell_the_story(app: Flask, clock: Clock) -> list[str]:
    """Somebody sends a tip, the desk works on it, it goes out; returns what only people may know."""
    team, exhibit, recipient = make_everything(clock.now)
    sender = Sender(app)
    sender.write(exhibit, place=PLACE)
    sender.add_file(FILE_NAME, b"%PDF-1.7\n" + FILE_WORDS.encode() + b"x" * 2000)
    sender.say_who(**PERSON)
    with sender.browser.session_transaction() as cookie:
        draft_secret = cookie["draft"]
    sender.send()
    sender.keep()
    sender.status()
    stranger: PageClient = app.test_client()  # type: ignore[assignment]
    stranger.submit(stranger.page("/staff/sign-in"), name="nobody", password="MARKER-GUESS-MARKER", code="000000")
    clock.advance(hours=1)
    reviewer = Colleague(app, team.reviewers[0], clock)
    ref = db.session.scalars(select(Tip.ref)).one()
    db.end()
    page = reviewer.open(ref)
    page = reviewer.browser.submit(page, action="/take")
    page = reviewer.browser.submit(page, {"note": NOTE}, field="note")
    grade = {"source_code": "X", "information_code": "2", "grade_reason": "MARKER-NOTE"}
    page = reviewer.browser.submit(page, grade, field="grade_reason")
    page = reviewer.browser.submit(page, {"sanitised": "MARKER-NOTE"}, field="sanitised")
    attachment = db.session.scalars(select(Attachment.id)).one()
    db.end()
    file = reviewer.browser.page(f"/staff/tips/{ref}/attachments/{attachment}")
    form = {"csrf_token": file.form("understood").values["csrf_token"][0], "understood": "y"}
    assert FILE_WORDS.encode() in reviewer.browser.post(file.path.partition("?")[0] + "/download", data=form).data
    chief = Colleague(app, team.supervisors[0], clock)
    asked = chief.open(ref, "supervision")
    asked = chief.browser.page(f"/staff/tips/{ref}/identity")
    who = chief.browser.submit(asked, {"reason_code": "supervision"}, field="reason_code")
    assert PERSON["email"] in who.text
    page = reviewer.browser.page(f"/staff/tips/{ref}")
    reviewer.propose(page, recipient, attachment_ids=[attachment])
    admin = Colleague(app, team.administrator, clock)
    package = db.session.scalars(select(Package.ref)).one()
    db.end()
    admin.release(package)
    with chief.browser.session_transaction("/staff/") as cookie:
        token = cookie[signin.TOKEN]
    jobs.run_due(clock.advance(hours=3))
    totp = [known.totp_secret for known in (team.reviewers[0], team.supervisors[0], team.administrator)]
    seeds = [known.person.seed for known in (team.reviewers[0], team.supervisors[0])]
    secrets = [sender.receipt, token, *totp, *seeds, draft_secret, config.current().secret("pepper")]
    return ["MARKER-GUESS", *(form for secret in secrets for form in forms_of(secret))]


def test_no_log_no_address_and_no_column_holds_a_word_of_a_tip_or_of_who_sent_it_or_a_secret(
    watched: Flask, kept: Kept, clock: Clock, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trying, "REFUSAL_SECONDS", 0)
    monkeypatch.setattr(warnings, "showwarning", lambda message, *_: kept.texts.append(str(message)))
    secrets = tell_the_story(watched, clock)
    printed = capfd.readouterr()
    assert any("sqlalchemy" in text for text in kept.texts)  # what is kept is everything
    assert found(kept.texts, [*WORDS, *secrets]) == set()
    assert found([printed.out, printed.err], [*WORDS, *secrets]) == set()
    assert len(Watched.addresses) > 60
    assert found(Watched.addresses, [*WORDS, *secrets]) == set()
    stored = everything_stored()
    assert found(stored, ["Duty desk, extension 12"])  # the search finds what is stored in clear
    assert found(stored, [*WORDS, *secrets]) == set()


ADDED, ASKED, ANSWERED, DECIDED = "MARKER-ADDED at the ferry", "MARKER-ASKED", "MARKER-REPLY", "MARKER-DECIDED"
PHOTO = exif_photo()  # made before anything is kept: the library that makes it logs what it writes
TRACES = ["SN-4711", "Maria Muster", "52.52 -13.4", "Acme"]  # what it tells


def tell_what_follows(app: Flask, clock: Clock) -> list[str]:
    """In a crowd a photo with hidden details is sent; then all that a receipt can do, and what the desk does of it."""
    team, exhibit, _recipient = make_everything(clock.now)
    for _ in range(4000):
        app.extensions["tipline_crowd"].budgets.note_arrival(clock.now)
    sender = Sender(app, "en")
    assert 'name="proof"' in sender.write(exhibit, place=PLACE).html
    assert TRACES[0] in sender.add_file("ΣΗΜΑΔΙ-ΑΡΧΕΙΟΥ.jpg", PHOTO).main
    with sender.browser.session_transaction() as cookie:
        secrets: list[bytes | str] = [cookie["draft"]]
    clock.advance(minutes=1)
    sender.send()
    box = sender.status()
    with sender.browser.session_transaction() as cookie:
        secrets += [cookie["visit"], sender.receipt, mailbox.open_mailbox(sender.receipt).key]
    check = follow(sender, box, "Add something", "narrative", ADDED)
    sender.add_file(FILE_NAME, b"%PDF-1.7\n" + FILE_WORDS.encode() + b"x" * 2000)
    sender.browser.submit(check, action="/add/send")
    follow(sender, sender.browser.page(MAILBOX), "Ask what is kept about you")
    ref = db.session.scalars(select(Tip.ref)).one()
    db.end()
    chief = Colleague(app, team.supervisors[0], clock)
    page = chief.browser.submit(chief.open(ref), action="/open")
    assert ADDED in page.main
    check = follow(chief, page, "Write to the sender", "message", ASKED)
    chief.browser.submit(check, {"step": "send"}, field="message")
    request_id = db.session.scalars(select(RightsRequest.id)).one()
    db.end()
    page = chief.type_password(chief.browser.page(f"/staff/requests/{request_id}/decide"))
    decided = {"decision": "refuse", "reason_code": "investigation", "message": DECIDED}
    chief.browser.submit(page, decided, field="decision")
    box = sender.browser.page(MAILBOX)
    assert ASKED in box.main
    assert DECIDED in box.main
    check = follow(sender, box, "Answer this message", "narrative", ANSWERED)
    sender.browser.submit(check, action="/add/send")
    waiting = follow(sender, sender.browser.page(MAILBOX), "Withdraw this tip")
    sender.browser.submit(sender.browser.submit(waiting, action="/withdraw/undo"), action="/close")
    jobs.run_due(clock.advance(hours=3))
    return [form for secret in secrets for form in forms_of(secret)]


def follow(who: Sender | Colleague, page: Page, link: str, field: str | None = None, text: str = "") -> Page:
    """Follow a link and fill in the form there."""
    form = who.browser.page(page.links[link])
    return who.browser.submit(form, {field: text} if field else None, field=field)


def test_nothing_that_passes_through_a_mailbox_stands_in_a_log_an_address_or_a_column(
    watched: Flask, kept: Kept, clock: Clock, capfd: pytest.CaptureFixture[str]
) -> None:
    words = [*WORDS, *TRACES, ADDED, ASKED, ANSWERED, DECIDED, *tell_what_follows(watched, clock)]
    assert found(kept.texts, words) == set()
    assert found(list(capfd.readouterr()), words) == set()
    assert found(Watched.addresses, words) == set()
    stored = everything_stored()
    assert found(stored, words) == set()
    told = {"tip.added", "message.sent", "request.made", "request.decided", "withdrawal.asked", "withdrawal.undone"}
    assert found(stored, [*told]) == told


def test_no_one_time_code_that_was_typed_stands_in_a_log(
    watched: Flask, kept: Kept, clock: Clock, capfd: pytest.CaptureFixture[str]
) -> None:
    known = factories.make_person(now=clock.now)
    Colleague(watched, known, clock)
    code = pyotp.TOTP(known.totp_secret).at(clock.now)
    text = "\n".join([*kept.texts, *capfd.readouterr()])
    assert not re.search(rf"(?<![0-9]){code}(?![0-9])", text)


# When something breaks


def written(app: Flask, clock: Clock) -> tuple[Sender, Any]:
    """A tip that only needs to be sent, and the page with the button."""
    _team, exhibit, _recipient = make_everything(clock.now)
    sender = Sender(app, "en")
    return sender, sender.write(exhibit, place=PLACE)


def raising(text: str) -> Callable[..., Any]:
    """A service that fails with the words of a tip in its message, its cause and its variables."""

    def fail(*_: Any, **__: Any) -> Any:
        narrative = text
        raise RuntimeError(f"cannot store {narrative!r}") from ValueError(narrative)

    return fail


def test_a_surprise_shows_a_polite_page_and_logs_where_it_was_and_no_word_of_what_was_written(
    watched: Flask, kept: Kept, clock: Clock, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    sender, check = written(watched, clock)
    with monkeypatch.context() as broken:
        broken.setattr(intake, "send", raising(STORY))
        page = sender.browser.submit(check, {"acknowledge": "y"}, field="acknowledge", status=500)
    assert page.h1 == "Sorry, there is a problem with the service"
    assert "your tip has not been sent" in page.main
    assert receipt_on(page) == ""
    assert found([page.html], WORDS) == set()
    lines = [text for text in kept.texts if text.startswith("page.failed")]
    assert len(lines) == 1
    assert "RuntimeError from ValueError at" in lines[0]
    assert "tests/house/test_logs.py" in lines[0]
    assert found([*kept.texts, *capfd.readouterr()], WORDS) == set()
    assert receipt_on(sender.send())


def test_a_surprise_at_the_desk_logs_no_word_of_the_tip_either(
    watched: Flask, kept: Kept, clock: Clock, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    team, exhibit, _recipient = make_everything(clock.now)
    ref = factories.make_tip(clock.now, exhibit_ref=exhibit, narrative=STORY).ref
    reviewer = Colleague(watched, team.reviewers[0], clock)
    assert STORY in reviewer.open(ref).main
    monkeypatch.setattr(dossier, "read", raising(STORY))
    page = reviewer.browser.page(f"/staff/tips/{ref}", status=500)
    assert found([page.html], WORDS) == set()
    assert [text for text in kept.texts if text.startswith("page.failed")]
    assert found([*kept.texts, *capfd.readouterr()], WORDS) == set()


def sealed_things() -> tuple[int, ...]:
    """How many tips, keys and mailboxes there are."""
    db.end()
    counted = tuple(
        int(db.session.execute(select(func.count()).select_from(table)).scalar_one())
        for table in (Tip, TipKey, Mailbox)
    )
    db.end()
    return counted


def check_that_nothing_was_sent(page: Any, kept: Kept) -> None:
    """The page for people, and the log without their words."""
    assert page.h1 == "Sorry, the service is not available at the moment"
    assert "If you have not seen a receipt, your tip has not been sent." in page.main
    assert page.response.headers["Retry-After"]
    assert receipt_on(page) == ""
    assert found(kept.texts, WORDS) == set()


def test_a_database_that_is_gone_means_no_receipt_and_nothing_half_written(
    watched: Flask, kept: Kept, clock: Clock, settings: config.Settings
) -> None:
    sender, check = written(watched, clock)
    away = settings.instance / "away"
    db.end()
    db.engine.dispose()
    files = sorted(settings.instance.glob("tipline.db*"))
    away.mkdir()
    for path in files:
        path.rename(away / path.name)
    Path(settings.instance / "tipline.db").mkdir()
    page = sender.browser.submit(check, {"acknowledge": "y"}, field="acknowledge", status=503)
    check_that_nothing_was_sent(page, kept)
    assert sender.browser.get("/healthz").status_code == 503
    Path(settings.instance / "tipline.db").rmdir()
    db.engine.dispose()
    for path in sorted(away.iterdir()):
        path.rename(settings.instance / path.name)
    assert sealed_things() == (0, 0, 0)
    assert receipt_on(sender.send())
    assert sealed_things() == (1, 2, 1)


def fill_up(now: dt.datetime) -> None:
    """Write until what room is left inside the file's own pages is used up."""
    while True:
        factories.write(lambda: history.add("0" * 32, "tip.opened", actor=None, now=now))


def test_a_disk_that_is_full_means_no_receipt_and_nothing_half_written(
    watched: Flask, kept: Kept, clock: Clock
) -> None:
    sender, check = written(watched, clock)

    def no_more_pages(connection: Any, *_: Any) -> None:
        connection.execute("PRAGMA max_page_count=1")  # SQLite makes of it what the file has now

    def pages_again(connection: Any, *_: Any) -> None:
        connection.execute("PRAGMA max_page_count=1000000")

    event.listen(db.engine, "checkout", no_more_pages)
    with pytest.raises(OperationalError, match="full"):
        fill_up(clock.now)
    page = sender.browser.submit(check, {"acknowledge": "y"}, field="acknowledge", status=503)
    check_that_nothing_was_sent(page, kept)
    assert sealed_things() == (0, 0, 0)
    event.remove(db.engine, "checkout", no_more_pages)
    event.listen(db.engine, "checkout", pages_again)
    assert receipt_on(sender.send())
    assert sealed_things() == (1, 2, 1)
