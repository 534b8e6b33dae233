"""The desk's side of the mailbox: what was added, what is written to the sender, and what the sender asks for."""

from __future__ import annotations

import dataclasses
import datetime as dt
from typing import Any

import pytest
from sqlalchemy import select

from tests import factories
from tests.conftest import make_app
from tests.factories import Known, Team, write
from tests.pages import Page, PageClient
from tipline import config, errors
from tipline.extensions import db
from tipline.models.log import LogEntry
from tipline.models.tip import Addition, MailboxMessage, RightsRequest, Tip, TipKey, Tombstone
from tipline.services import (
    access,
    added,
    conversation,
    decisions,
    holds,
    mailbox,
    queue,
    reveals,
    rights,
    tips,
    withdrawals,
)
from tipline.services.decisions import Answer

REASON = ("assigned_work", "")
REFUSE = Answer(granted=False, reason_code="evidence", language="en", text="It is needed. MARKER-ANSWER")
GRANT = Answer(granted=True, reason_code="no-objection", language="en", text="This is what is held.")


@pytest.fixture
def team(request: pytest.FixtureRequest, now: dt.datetime) -> Team:
    """A desk that takes tips; on both databases where a test asks for ``database``."""
    request.getfixturevalue("database" if "database" in request.fixturenames else "app")
    made = factories.make_team(now)
    factories.make_exhibit(made, now)
    return made


@pytest.fixture
def sent(team: Team, now: dt.datetime) -> Any:
    """A tip whose receipt somebody kept."""
    return factories.make_tip(now)


def enter(client: PageClient, known: Known, ref: str, now: dt.datetime) -> Page:
    """Sign somebody in and open the tip with a reason."""
    factories.sign_in(client, known, now)
    page = client.page(f"/staff/tips/{ref}")
    if "Why do you open" in page.h1:
        page = client.submit(page, {"reason_code": "assigned_work"}, field="reason_code")
    return page


def entries(event: str, field_group: str | None = None) -> list[LogEntry]:
    """Log entries of one event."""
    db.session.expire_all()
    wanted = select(LogEntry).where(LogEntry.event == event)
    return list(db.session.scalars(wanted.where(LogEntry.field_group == field_group) if field_group else wanted))


def ask(tip_id: str, kind: str, now: dt.datetime) -> str:
    """The sender asks for something; its id."""
    return str(write(lambda: rights.ask(tip_id, kind, now)).id)


def open_everything(team: Team, ref: str, now: dt.datetime, *, as_supervisor: bool = False) -> Any:
    """The tip with all its additions opened."""
    opened = factories.open_tip(team, ref, now, as_supervisor=as_supervisor)
    for one in db.session.scalars(select(Addition.id)).all():
        write(lambda one=one: added.open_addition(opened, one, now))
    return access.access_tip(opened.person, ref, now=now)


# What was added


def test_an_addition_is_opened_by_a_deliberate_act_and_then_read_with_the_tip(
    client: PageClient, team: Team, sent: Any, now: dt.datetime
) -> None:
    factories.add_to_tip(sent.tip_id, now, files=[("ferry.jpg", factories.picture())], kind="correction")
    page = enter(client, team.reviewers[0], sent.ref, now)
    assert "The sender corrected something" in page.main
    assert "It carries 1 file." in page.main
    assert "MARKER-ADDED" not in page.html
    assert "ferry.jpg" not in page.html
    assert not entries("tip.opened", "additions")
    page = client.submit(page, action="/additions/")
    assert "MARKER-ADDED" in page.main
    assert "ferry.jpg" in page.main
    [entry] = entries("tip.opened", "additions")
    assert entry.subject_ids.split(",")[0] == sent.tip_id
    page = client.page(next(href for name, href in page.links.items() if name.startswith("File 1, added")))
    page = client.submit(page, action="/reveal/small")
    assert "small and grey" in page.main


def test_the_queue_marks_what_was_added_to_until_it_is_opened(
    client: PageClient, team: Team, sent: Any, now: dt.datetime
) -> None:
    opened = factories.open_tip(team, sent.ref, now)
    write(lambda: tips.dispose_tip(opened, "spam", "No use", now))
    factories.add_to_tip(sent.tip_id, now)
    factories.sign_in(client, team.reviewers[0], now)
    page = client.page("/staff/")
    assert sent.ref not in page.main  # it is closed, and stays so
    assert "1 addition nobody has opened yet." in page.main
    page = client.page(page.links["Show these tips"])
    assert sent.ref in page.main
    assert "Added to" in page.main
    client.submit(client.page(f"/staff/tips/{sent.ref}"), action="/additions/")
    page = client.page("/staff/?status=added")
    assert "Nothing new from senders" in page.main
    assert "nobody has opened yet" not in page.main
    assert db.session.scalars(select(Tip.status)).one() == "closed"


@pytest.mark.usefixtures("database")
def test_a_child_in_danger_in_an_addition_makes_the_tip_urgent(team: Team, sent: Any, now: dt.datetime) -> None:
    factories.make_tip(now)
    factories.add_to_tip(sent.tip_id, now, child_at_risk=True)
    page = queue.page(team.reviewer, queue.Filter(team.desk_id))
    assert [(line.tip.ref == sent.ref, line.tip.lane, line.added_to) for line in page.lines] == [
        (True, "urgent", True),
        (False, "normal", False),
    ]


def test_only_what_was_opened_makes_a_proposal_void(team: Team, sent: Any, now: dt.datetime) -> None:
    before = access.see_tip(team.reviewer, sent.ref).revision
    factories.add_to_tip(sent.tip_id, now)
    assert access.see_tip(team.reviewer, sent.ref).revision == before  # a stranger with a receipt stops no referral
    opened = open_everything(team, sent.ref, now)
    assert opened.tip.revision == before + 1


def test_an_addition_opens_to_nobody_to_whom_its_tip_does_not_open(team: Team, sent: Any, now: dt.datetime) -> None:
    factories.add_to_tip(sent.tip_id, now, files=[("a.jpg", factories.picture())])
    other = factories.make_team(now)
    [addition_id] = db.session.scalars(select(Addition.id)).all()
    with pytest.raises(errors.NotFound):
        access.access_tip(other.reviewer, sent.ref, now=now)
    with pytest.raises(errors.NotAllowed):
        access.access_tip(team.administrator.person, sent.ref, now=now)
    # Another tip of the same desk is no way to it either, nor is its file before it was opened.
    second = factories.open_tip(team, factories.make_tip(now).ref, now)
    with pytest.raises(errors.NotFound):
        write(lambda: added.open_addition(second, addition_id, now))
    with pytest.raises(errors.NotFound):
        access.read_additions(second, [addition_id], now)
    opened = factories.open_tip(team, sent.ref, now)
    assert reveals.files(opened, now) == ()
    assert added.read(opened, now)[0].answers is None


def test_a_text_that_tells_who_wrote_it_keeps_its_additions_back_too(team: Team, sent: Any, now: dt.datetime) -> None:
    factories.add_to_tip(sent.tip_id, now)
    opened = open_everything(team, sent.ref, now)
    assert "MARKER-ADDED" in added.read(opened, now)[0].answers.narrative
    write(lambda: tips.mark_identifies_sender(opened, True, now))
    kept = access.access_tip(team.reviewer, sent.ref, now=now)
    assert added.read(kept, now)[0].answers.narrative == ""
    seen = open_everything(team, sent.ref, now, as_supervisor=True)
    assert "MARKER-ADDED" in added.read(seen, now)[0].answers.narrative


# What is written to the sender


def test_a_message_is_read_over_sent_once_and_found_by_the_receipt(
    client: PageClient, team: Team, sent: Any, now: dt.datetime
) -> None:
    page = enter(client, team.reviewers[0], sent.ref, now)
    page = client.page(page.links["Write to the sender"])
    assert "Write what the sender is to read" in client.submit(page, field="message").errors
    page = client.submit(page, {"message": "Which shop was it?\n\nMARKER-ASKED", "language": "el"}, field="message")
    assert page.h1 == f"Send this to the sender of tip {sent.ref}?"
    assert "in Greek" in page.main
    assert not db.session.scalars(select(MailboxMessage)).all()
    changed = client.submit(page, {"step": "change"}, field="message")
    assert "MARKER-ASKED" in changed.form("message").values["message"][0]
    for _click in range(2):
        shown = client.submit(page, {"step": "send"}, field="message")
    assert "Sent. The sender finds it in the mailbox." in shown.main
    assert team.reviewer.display_name in shown.main
    view = mailbox.open_mailbox(sent.receipt)
    [message] = conversation.read_messages(sent.tip_id, view.key)
    assert (message.text, message.language) == ("Which shop was it?\n\nMARKER-ASKED", "el")
    [entry] = entries("message.sent")
    assert (entry.operation, entry.recipient_id, entry.justification) == ("disclose", "sender", "assigned_work")
    factories.add_to_tip(sent.tip_id, now, kind="answer", message_id=message.id)
    page = client.page(f"/staff/tips/{sent.ref}")
    [link] = [href for name, href in page.links.items() if name.endswith("that it answers")]
    assert [element.get("id") for element in page.tree.iter("li")].count(link.removeprefix("#")) == 1


def test_where_there_are_no_conversations_only_requests_are_answered(
    settings: config.Settings, team: Team, sent: Any, now: dt.datetime
) -> None:
    agency = make_app(settings, profile=config.profiles()["eu_agency"])
    client: Any = agency.test_client()
    page = enter(client, team.supervisors[0], sent.ref, now)
    assert "Write to the sender" not in page.links
    client.page(f"/staff/tips/{sent.ref}/message", status=404)
    request_id = ask(sent.tip_id, "access", now)
    write(lambda: decisions.decide(team.supervisor, request_id, GRANT, now))
    [message] = conversation.read_messages(sent.tip_id, mailbox.open_mailbox(sent.receipt).key)
    assert message.kind == "decision"


# What the sender asks for


def test_a_request_waits_turns_red_and_is_answered_with_what_may_be_known(
    client: PageClient, team: Team, sent: Any, now: dt.datetime, clock: Any
) -> None:
    enter(client, team.reviewers[0], sent.ref, now)
    request_id = ask(sent.tip_id, "access", now)
    assert "1 request of a sender waits for a decision." in client.page("/staff/").main
    page = client.page("/staff/requests")
    assert "31 days left" in page.main
    assert "A supervisor decides." in client.page(f"/staff/requests/{request_id}").main
    client.page(f"/staff/requests/{request_id}/decide", status=403)
    clock.now = later = now + dt.timedelta(days=27)
    factories.sign_in(client, team.supervisors[0], later)
    assert "Soon due" in client.page("/staff/").main
    page = client.page(f"/staff/requests/{request_id}/decide")
    [letter] = page.form("decision").values["message"]
    assert f"You asked what is held about you with tip {sent.ref}." in letter
    assert "– Nobody outside this service" in letter
    assert "– 2 March 2026: to work on it" in letter
    assert team.reviewer.display_name not in letter
    refused = client.submit(page, {"decision": "refuse", "reason_code": "no-objection"}, field="decision")
    assert "Choose a reason that fits the decision" in refused.errors
    page = client.submit(page, {"decision": "grant", "reason_code": "no-objection"}, field="decision")
    assert "Decided. The sender finds the answer in the mailbox." in page.main
    assert "No request waits" in page.main
    view = mailbox.open_mailbox(sent.receipt)
    assert conversation.read_messages(sent.tip_id, view.key)[0].text == letter
    factories.sign_in(client, team.auditor, later)
    register = client.page("/admin/requests")
    assert "Granted" in register.main
    assert "no-objection" in register.main
    assert "You asked" not in register.html


def test_the_register_of_requests_begins_with_the_most_pressing(
    client: PageClient, team: Team, sent: Any, now: dt.datetime
) -> None:
    later = factories.make_tip(now)
    decided = ask(sent.tip_id, "access", now)
    write(lambda: rights.decide(decided, "refused", "evidence", team.supervisor.actor, now))
    ask(later.tip_id, "access", now + dt.timedelta(days=9))
    ask(sent.tip_id, "erasure", now)
    factories.sign_in(client, team.auditor, now)
    register = client.page("/admin/requests").main
    expected = [f"{sent.ref} Erasure Open", f"{later.ref} Access Open", f"{sent.ref} Access Refused"]
    assert sorted(expected, key=register.index) == expected


@pytest.mark.usefixtures("database")
@pytest.mark.parametrize("kind", ["erasure", "withdrawal"])
def test_a_granted_erasure_takes_the_tip_and_all_that_was_added(
    team: Team, sent: Any, now: dt.datetime, kind: str
) -> None:
    factories.add_to_tip(sent.tip_id, now, files=[("a.jpg", factories.picture())])
    request_id = ask(sent.tip_id, kind, now)
    with pytest.raises(errors.NotAllowed):
        write(lambda: decisions.decide(team.reviewer, request_id, GRANT, now))
    erased = write(lambda: decisions.decide(team.supervisor, request_id, GRANT, now))
    assert len(erased.stored_names) == 1
    for table in (Tip, TipKey, Addition, RightsRequest):
        assert db.session.scalars(select(table)).all() == []
    assert db.session.scalars(select(Tombstone.reason_code)).one() == {"erasure": "request"}.get(kind, "withdrawn")
    [entry] = entries("request.decided")
    assert (entry.justification, entry.field_group) == ("no-objection", f"{kind}-granted")


def test_what_is_held_is_not_erased_and_the_sender_hears_why(team: Team, sent: Any, now: dt.datetime) -> None:
    opened = factories.open_tip(team, sent.ref, now, as_supervisor=True)
    write(lambda: holds.place_hold(opened, "judicial", "A court asks", now.date() + dt.timedelta(days=30), now))
    request_id = ask(sent.tip_id, "erasure", now)
    with pytest.raises(errors.BadInput, match="held"):
        write(lambda: decisions.decide(team.supervisor, request_id, GRANT, now))
    with pytest.raises(errors.ReasonNeeded):
        write(lambda: decisions.decide(team.supervisor, request_id, dataclasses.replace(REFUSE, text=" "), now))
    assert rights.get(request_id).state == "open"
    write(lambda: decisions.decide(team.supervisor, request_id, REFUSE, now))
    [message] = conversation.read_messages(sent.tip_id, mailbox.open_mailbox(sent.receipt).key)
    assert (message.kind, message.text) == ("decision", REFUSE.text)
    with pytest.raises(errors.WrongState):
        write(lambda: decisions.decide(team.supervisor, request_id, GRANT, now))
    assert db.session.scalars(select(Tip.id)).one() == sent.tip_id


def test_the_desk_sees_that_a_tip_was_withdrawn_and_until_when(
    client: PageClient, team: Team, sent: Any, now: dt.datetime
) -> None:
    write(lambda: withdrawals.withdraw(sent.tip_id, now))
    page = enter(client, team.reviewers[0], sent.ref, now)
    assert "The sender has withdrawn this tip" in page.main
    assert f"It is erased on {withdrawals.waits_until(sent.tip_id):%d %b %Y, %H:00} UTC." in page.main


def test_another_desk_sees_no_request(team: Team, sent: Any, now: dt.datetime) -> None:
    other = factories.make_team(now)
    request_id = ask(sent.tip_id, "access", now)
    assert decisions.requests_of(other.supervisor) == ()
    with pytest.raises(errors.NotFound):
        decisions.read_matter(other.supervisor, request_id)
    with pytest.raises(errors.NotFound):
        write(lambda: decisions.decide(other.supervisor, request_id, GRANT, now))
