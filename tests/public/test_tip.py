"""The journey of a tip, through its addresses."""

from __future__ import annotations

import io
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select, update
from sqlalchemy.exc import OperationalError

from tests.conftest import Clock, make_app
from tests.pages import PageClient
from tests.tipsters import NARRATIVE, TestDesk, make_desk, receipt_on, send, the_tip, write
from tipline import config
from tipline.crypto import envelope
from tipline.errors import Busy
from tipline.extensions import db
from tipline.languages import OTHER
from tipline.models.appeal import Appeal, Exhibit
from tipline.models.log import LogArrival
from tipline.models.tip import Draft, Tip, TipKey, TipRecord
from tipline.services import intake, room, seal_targets
from tipline.services.answers import Identity

TIP = "/en/exhibits/curtain1/tip"


def count(table: type) -> int:
    return int(db.session.execute(select(func.count()).select_from(table)).scalar_one())


def test_a_tip_is_written_checked_sent_and_opens_for_its_desk(client: PageClient, desk: TestDesk) -> None:
    check = write(client, desk, how_known="first_hand", countries="Greece, Italy", place="Piraeus")
    assert NARRATIVE in check.main
    assert "Nothing has been sent yet" in check.main
    sent = send(client)
    assert sent.h1 == "Your tip has been sent"
    assert len(receipt_on(sent)) == 23
    tip = the_tip()
    answers = desk.read_answers(tip.id)
    assert answers.narrative == NARRATIVE
    assert answers.countries == ("Greece", "Italy")
    assert tip.ref in sent.main
    assert tip.received_at.minute == 0
    assert tip.notice_version
    assert count(LogArrival) == 1


def test_looking_at_the_first_page_makes_no_draft(client: PageClient, desk: TestDesk) -> None:
    client.page(TIP)
    assert count(Draft) == 0


def test_a_tip_about_no_exhibit_goes_to_the_oldest_desk(client: PageClient, desk: TestDesk, clock: Clock) -> None:
    later = make_desk(clock.advance(hours=1), ref="newcomer")
    db.session.execute(update(Appeal).where(Appeal.desk_id == later.id).values(position=-1))
    db.session.commit()
    write(client, None)
    send(client)
    tip = the_tip()
    assert tip.desk_id == desk.id
    assert tip.exhibit_id is None


def test_without_a_desk_the_door_is_closed_politely(client: PageClient) -> None:
    page = client.page("/en/tip", status=503)
    assert page.h1 == "We cannot take tips at the moment"


def test_an_exhibit_that_is_not_there_is_not_found(client: PageClient, desk: TestDesk) -> None:
    client.page("/en/exhibits/nothing1/tip", status=404)


def test_only_the_narrative_is_needed(client: PageClient, desk: TestDesk) -> None:
    page = client.submit(client.page(TIP), {"narrative": "  ", "place": "Piraeus"}, field="narrative")
    assert page.title.startswith("Error: ")
    assert page.errors == ["Enter what you know about this object"]
    assert page.form("place").values["place"] == ["Piraeus"]
    assert count(Draft) == 0


def test_an_over_long_narrative_is_kept_and_named(client: PageClient, desk: TestDesk) -> None:
    long = "long " * 2001
    page = client.submit(client.page(TIP), {"narrative": long}, field="narrative")
    assert "10" in page.errors[0]
    assert page.form("narrative").values["narrative"][0].strip() == long.strip()


def test_ten_thousand_fields_change_nothing(client: PageClient, desk: TestDesk) -> None:
    fields = {f"field{number}": "x" for number in range(10_000)}
    page = client.submit(client.page(TIP), {"narrative": NARRATIVE, **fields}, field="narrative")
    assert page.path == "/en/tip/check"


def test_a_body_of_megabytes_is_refused_with_words(client: PageClient, desk: TestDesk) -> None:
    page = client.submit(client.page(TIP), {"narrative": "x" * 1_200_000}, field="narrative", status=413)
    assert page.h1 == "This is more than we can take at once"


def test_another_language_needs_its_name(client: PageClient, desk: TestDesk) -> None:
    answers = {"narrative": NARRATIVE, "tip_language": str(OTHER.id)}
    page = client.submit(client.page(TIP), answers, field="narrative")
    assert page.errors == ["Enter the name of the language you are writing in"]
    client.submit(page, {"other_language": "Romani"}, field="narrative")
    send(client)
    assert desk.read_answers(the_tip().id).other_language == "Romani"


@pytest.mark.parametrize("language", ["", "no number", "99999"])
def test_a_language_that_is_not_on_the_list_is_named_and_answers_kept(
    client: PageClient, desk: TestDesk, language: str
) -> None:
    page = client.submit(client.page(TIP), {"narrative": NARRATIVE, "tip_language": language}, field="narrative")
    assert page.errors == ["Choose one of the answers in the list"]
    assert page.form("narrative").values["narrative"][0].strip() == NARRATIVE


def test_a_post_without_a_language_is_answered_with_words(client: PageClient, desk: TestDesk) -> None:
    values = client.page(TIP).form("narrative").values
    del values["tip_language"]
    answer = client.post(TIP, data={**values, "narrative": NARRATIVE})
    assert answer.status_code == 200
    assert "Choose one of the answers in the list" in answer.get_data(as_text=True)


def test_an_object_that_is_taken_down_while_somebody_writes_loses_nothing(client: PageClient, desk: TestDesk) -> None:
    page = client.page(TIP)
    db.session.execute(update(Exhibit).values(state="withdrawn"))
    db.session.commit()
    client.page(TIP, status=404)
    check = client.submit(page, {"narrative": NARRATIVE}, field="narrative")
    assert NARRATIVE in check.main
    again = client.page(f"{TIP}?from=check")
    assert again.form("narrative").values["narrative"][0].strip() == NARRATIVE
    send(client)
    assert the_tip().exhibit_id is not None


def test_an_object_that_was_never_shown_takes_no_tip(client: PageClient, desk: TestDesk) -> None:
    page = client.page(TIP)
    db.session.execute(update(Exhibit).values(state="draft"))
    db.session.commit()
    client.submit(page, {"narrative": NARRATIVE}, field="narrative", status=404)
    assert count(Draft) == 0


def test_when_drafts_have_filled_their_room_the_page_says_so_and_keeps_the_answers(
    client: PageClient, desk: TestDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full() -> None:
        raise Busy

    with monkeypatch.context() as crowded:
        crowded.setattr(room, "check_text", full)
        page = client.submit(client.page(TIP), {"narrative": NARRATIVE}, field="narrative", status=503)
    assert page.errors == ["There is no room for new tips at this moment. Try again in a few minutes."]
    assert NARRATIVE in client.submit(page, field="narrative").main


@pytest.mark.parametrize("path", [TIP, "/en/tip/contact", "/en/tip/send", "/en/tip/sent", "/en/tip/delete"])
def test_no_transaction_is_open_while_a_body_is_read(client: PageClient, desk: TestDesk, path: str) -> None:
    write(client, desk)
    seen = []

    class Body(io.BytesIO):
        def _look(self) -> None:
            seen.append(db.session.registry.has() and db.session().in_transaction())

        def read(self, size: int | None = -1) -> bytes:
            self._look()
            return super().read(size)

        def readinto(self, buffer: Any) -> int:
            self._look()
            return super().readinto(buffer)

    body = b"narrative=I+have+seen+it"
    client.post(
        path, input_stream=Body(body), content_length=len(body), content_type="application/x-www-form-urlencoded"
    )
    assert seen
    assert not any(seen)


@pytest.mark.parametrize("origin", ["https://elsewhere.example", "null", "http://[no", ""])
def test_a_post_from_elsewhere_is_refused_with_words(client: PageClient, desk: TestDesk, origin: str) -> None:
    values = client.page(TIP).form("narrative").values
    answer = client.post(TIP, data={**values, "narrative": NARRATIVE}, headers={"Origin": origin})
    assert answer.status_code == 403
    assert count(Draft) == 0


def test_a_child_at_risk_makes_the_tip_urgent_and_shows_the_numbers(client: PageClient, desk: TestDesk) -> None:
    check = write(client, desk, child_at_risk="yes")
    assert "112" in check.main
    send(client)
    tip = the_tip()
    assert (tip.lane, tip.urgent) == ("urgent", True)


def test_answers_are_changed_from_the_check_page(client: PageClient, desk: TestDesk) -> None:
    check = write(client, desk, place="Piraeus")
    change = next(href for text, href in check.links.items() if text.startswith("Change") and "narrative" in href)
    again = client.page(change)
    assert again.form("narrative").values["place"] == ["Piraeus"]
    check = client.submit(again, {"narrative": "It was in Patras."}, field="narrative")
    assert "It was in Patras." in check.main
    assert count(Draft) == 1


def test_an_unsent_tip_about_another_object_gives_way_after_a_warning(
    client: PageClient, desk: TestDesk, clock: Clock
) -> None:
    make_desk(clock.now, ref="bottle01")
    write(client, desk)
    page = client.page("/en/exhibits/bottle01/tip")
    assert "have not sent it yet" in page.main
    assert page.form("narrative").values["narrative"][0].strip() == ""
    client.submit(page, {"narrative": "A bottle"}, field="narrative")
    assert count(Draft) == 1
    assert count(TipRecord) == 1


def test_control_and_direction_characters_are_taken_out(client: PageClient, desk: TestDesk) -> None:
    write(client, desk, narrative="one\u202etwo\x07three\nfour")
    send(client)
    assert desk.read_answers(the_tip().id).narrative == "onetwothree\nfour"


def test_the_notice_must_be_acknowledged_before_sending(client: PageClient, desk: TestDesk) -> None:
    check = write(client, desk)
    page = client.submit(check, field="acknowledge")
    assert page.errors == ["Confirm that you have seen the privacy notice"]
    assert NARRATIVE in page.main
    assert count(Tip) == 0


def test_a_replayed_send_shows_the_same_page_and_makes_no_second_tip(client: PageClient, desk: TestDesk) -> None:
    check = write(client, desk)
    first = client.submit(check, {"acknowledge": "y"}, field="acknowledge")
    second = client.submit(check, {"acknowledge": "y"}, field="acknowledge")
    assert receipt_on(first) == receipt_on(second) != ""
    assert count(Tip) == 1
    assert client.page("/en/tip/check").h1 == "Your tip has been sent"


def test_the_receipt_is_shown_until_it_is_kept(client: PageClient, desk: TestDesk) -> None:
    check = write(client, desk)
    sent = client.submit(check, {"acknowledge": "y"}, field="acknowledge")
    code = receipt_on(sent)
    file = client.get("/en/tip/sent/receipt")
    assert file.headers["Content-Disposition"].startswith("attachment")
    assert code in file.get_data(as_text=True)
    kept = client.submit(sent, action="/tip/sent")
    assert kept.h1 == "Your tip has been sent"
    assert "With your receipt you can come back at any time" in kept.main
    assert code not in kept.html
    again = client.submit(check, {"acknowledge": "y"}, field="acknowledge")
    assert code not in again.html
    assert count(Tip) == 1


def test_the_receipt_is_not_shown_after_a_quarter_of_an_hour(client: PageClient, desk: TestDesk, clock: Clock) -> None:
    write(client, desk)
    code = receipt_on(send(client))
    clock.advance(minutes=14)
    assert receipt_on(client.page("/en/tip/sent")) == code
    clock.advance(minutes=1)
    later = client.page("/en/tip/sent")
    assert later.h1 == "Your tip has been sent"
    assert code not in later.html


def test_the_sent_page_of_a_stranger_says_what_is_so(client: PageClient, desk: TestDesk) -> None:
    assert client.page("/en/tip/sent").h1 == "There is no receipt to show here"


def test_a_draft_is_refused_after_exactly_an_hour_and_its_rows_say_only_the_hour(
    client: PageClient, desk: TestDesk, clock: Clock
) -> None:
    write(client, desk)
    row = db.session.execute(select(Draft.erase_at)).scalar_one()
    db.end()
    assert row.minute == 0
    clock.advance(minutes=59, seconds=59)
    page = client.page("/en/tip/check")
    clock.advance(seconds=1)
    client.page("/en/tip/check", status=410)
    assert client.submit(page, {"acknowledge": "y"}, field="acknowledge", status=410).h1
    assert count(Tip) == 0


def test_an_expired_draft_gives_way_to_a_new_one_with_the_answers_kept(
    client: PageClient, desk: TestDesk, clock: Clock
) -> None:
    write(client, desk)
    page = client.page(f"{TIP}?from=check")
    clock.advance(minutes=61)
    check = client.submit(page, {"narrative": "Still here"}, field="narrative")
    assert "Still here" in check.main


def test_a_forged_cookie_opens_nothing(app: Flask, client: PageClient, desk: TestDesk) -> None:
    write(client, desk)
    value = client.get_cookie("tipline").value  # type: ignore[union-attr]
    client.set_cookie("tipline", value[:-4] + "AAAA")
    assert client.page("/en/tip/check", status=410).h1 == "What you wrote is no longer here"
    client.delete_cookie("tipline")
    client.page("/en/tip/check", status=410)


def test_a_token_that_is_not_ascii_is_refused_with_words_and_answers_kept(client: PageClient, desk: TestDesk) -> None:
    page = client.page(TIP)
    again = client.submit(page, {"narrative": NARRATIVE, "csrf_token": "żółć"}, field="narrative")
    assert "open for too long" in again.errors[0]
    assert again.form("narrative").values["narrative"][0].strip() == NARRATIVE
    client.submit(again, field="narrative")
    assert count(Draft) == 1


def test_the_cookie_carries_a_secret_and_nothing_of_the_tip(client: PageClient, desk: TestDesk) -> None:
    write(client, desk)
    with client.session_transaction() as session:
        assert set(session) == {"csrf_token", "draft", "issued", "doubtful"}
        assert len(session["draft"]) == 32


def test_the_cookie_opens_nothing_once_the_tip_is_sent(client: PageClient, desk: TestDesk) -> None:
    write(client, desk)
    send(client)
    draft = db.session.execute(select(Draft)).scalar_one()
    assert draft.wrapped_keys is None
    assert draft.state == "sent"


def test_what_was_written_is_deleted(client: PageClient, desk: TestDesk) -> None:
    write(client, desk)
    page = client.submit(client.page("/en/tip/delete"))
    assert page.h1 == "What you wrote is deleted"
    assert (count(Draft), count(TipRecord)) == (0, 0)
    client.page("/en/tip/check", status=410)


def test_a_copy_can_be_saved_before_sending(client: PageClient, desk: TestDesk) -> None:
    write(client, desk, place="Piraeus")
    copy = client.get("/en/tip/copy")
    text = copy.get_data(as_text=True)
    assert NARRATIVE in text
    assert "Piraeus" in text
    assert copy.headers["Cache-Control"] == "no-store"


def test_what_was_sent_can_be_saved_once(client: PageClient, desk: TestDesk) -> None:
    write(client, desk, place="Piraeus")
    client.submit(client.page("/en/tip/contact"), {"name": "Eleni"}, field="name")
    sent = send(client)
    form = sent.form(action="/tip/copy").values
    copy = client.post("/en/tip/copy", data=form)
    text = copy.get_data(as_text=True)
    assert copy.headers["Content-Disposition"].startswith("attachment")
    assert copy.headers["Cache-Control"] == "no-store"
    assert text.startswith("What I sent")
    assert NARRATIVE in text
    assert "Piraeus" in text
    assert "Eleni" in text
    assert receipt_on(sent) not in text
    again = client.post("/en/tip/copy", data=form)
    assert (again.status_code, again.headers["Location"]) == (303, "/en/tip/sent")
    later = client.page("/en/tip/sent")
    assert receipt_on(later) == receipt_on(sent)
    assert "Save what I sent" not in later.main


def test_a_copy_speaks_the_language_of_the_page(client: PageClient, desk: TestDesk) -> None:
    page = client.page("/el/exhibits/curtain1/tip")
    client.submit(page, {"narrative": "Ξέρω αυτή την κουρτίνα"}, field="narrative")
    text = client.get("/el/tip/copy").get_data(as_text=True)
    labels = [line for line in text.splitlines() if line.isascii() and line.strip()]
    assert labels == ["Striped curtain"]  # the only words that nobody has translated


@pytest.mark.parametrize("act", ["keep", "wait"])
def test_the_copy_waits_no_longer_than_the_receipt(client: PageClient, desk: TestDesk, clock: Clock, act: str) -> None:
    write(client, desk)
    sent = send(client)
    form = sent.form(action="/tip/copy").values
    if act == "keep":
        client.submit(sent, action="/tip/sent")
    else:
        clock.advance(minutes=15)
    assert client.post("/en/tip/copy", data=form).status_code == 303


def test_what_waits_for_the_sender_tells_not_how_much_was_written(desk: TestDesk, client: PageClient) -> None:
    sizes = []
    for words in ("Short", "A sentence. " * 100):
        write(client, desk, narrative=words)
        send(client)
        sizes.append(db.session.execute(select(func.length(Draft.sealed_receipt))).scalars().all()[-1])
        db.end()
    assert sizes[0] == sizes[1]


def test_contact_details_are_sealed_apart(client: PageClient, desk: TestDesk) -> None:
    write(client, desk)
    page = client.submit(client.page("/en/tip/contact"), {"name": "Eleni", "email": "no address"}, field="email")
    assert page.errors == ["Enter an email address like name@example.org"]
    check = client.submit(page, {"email": "eleni@example.org"}, field="email")
    assert "eleni@example.org" in check.main
    send(client)
    tip = the_tip()
    assert tip.has_identity
    record = db.session.execute(select(TipRecord).where(TipRecord.part == "identity")).scalar_one()
    key = desk.open_key(tip.id, "identity")
    opened = envelope.decrypt_record(key, record.ciphertext, tip_id=tip.id, part="identity")
    assert Identity.from_record(opened) == Identity("Eleni", "eleni@example.org", "")


def test_a_profile_without_contact_has_no_such_page(settings: config.Settings, clock: Clock) -> None:
    client = make_app(settings, "public", profile=config.profiles()["eu_agency"]).test_client()
    desk = make_desk(clock.now)
    check = write(client, desk)  # type: ignore[arg-type]
    assert "How we can reach you" not in check.main
    assert client.get("/en/tip/contact").status_code == 303


def test_no_identity_key_is_sealed_when_nobody_gave_a_name(client: PageClient, desk: TestDesk) -> None:
    write(client, desk)
    send(client)
    purposes = set(db.session.execute(select(TipKey.purpose)).scalars())
    assert purposes == {"content", "mailbox"}


def test_a_database_that_is_gone_gives_a_polite_page_no_receipt_and_no_tip(
    client: PageClient, desk: TestDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    check = write(client, desk)

    def gone(*_: object, **__: object) -> None:
        raise OperationalError("INSERT", {}, Exception("disk I/O error"))

    with monkeypatch.context() as broken:
        broken.setattr(intake, "_make_mailbox", gone)
        page = client.submit(check, {"acknowledge": "y"}, field="acknowledge", status=503)
    assert "you have not seen a receipt" in page.main
    assert count(Tip) == count(TipKey) == 0
    db.end()
    assert receipt_on(client.submit(check, {"acknowledge": "y"}, field="acknowledge"))


def test_a_desk_that_closes_in_between_takes_nothing_and_loses_nothing(
    client: PageClient, desk: TestDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    check = write(client, desk)

    def closed(_desk_id: str) -> None:
        raise seal_targets.DeskClosed

    with monkeypatch.context() as broken:
        broken.setattr(seal_targets, "current", closed)
        client.submit(check, {"acknowledge": "y"}, field="acknowledge", status=503)
    assert NARRATIVE in client.page("/en/tip/check").main


@pytest.mark.parametrize("language", ["en", "fr", "el"])
def test_every_page_of_the_journey_is_sound_in_every_language(
    client: PageClient, desk: TestDesk, language: str
) -> None:
    page = client.page(f"/{language}/exhibits/curtain1/tip")
    check = client.submit(page, {"narrative": "Ξέρω αυτή την κουρτίνα"}, field="narrative")
    assert check.path == f"/{language}/tip/check"
    for path in ("files", "contact", "delete", "check"):
        client.page(f"/{language}/tip/{path}")
    sent = client.submit(client.page(f"/{language}/tip/check"), {"acknowledge": "y"}, field="acknowledge")
    assert receipt_on(sent)
