"""Groups at the desk: one line for one answer, first-hand tips at the top, and people who put it right."""

from __future__ import annotations

import datetime as dt
import io
import os
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from sqlalchemy import select, update

from tests import factories
from tests.conftest import Clock
from tests.factories import Team, write
from tests.pages import Page, PageClient
from tipline.config import Settings
from tipline.extensions import db
from tipline.models.group import AnswerGroup, GroupMember
from tipline.models.log import LogEntry
from tipline.models.tip import Tip, TipRecord
from tipline.services import access, lanes, retention, tips

LINK = "https://shop.example/p/bag-{}"


@pytest.fixture
def team(client: PageClient, now: dt.datetime) -> Team:
    """A desk that takes tips, with a published exhibit."""
    made = factories.make_team(now)
    factories.make_exhibit(made, now)
    return made


@pytest.fixture
def reviewer(client: PageClient, team: Team, now: dt.datetime) -> PageClient:
    """A browser in which a reviewer is signed in."""
    factories.sign_in(client, team.reviewers[0], now)
    return client


def alike(number: int, now: dt.datetime, article: int = 1000001, **answers: Any) -> list[str]:
    """So many tips with one link; their references."""
    answers.setdefault("narrative", "Look at this page.")
    return [factories.make_tip(now, links=(LINK.format(article),), **answers).ref for _ in range(number)]


def compare(reviewer: PageClient) -> Page:
    """Press until nothing waits."""
    page = reviewer.page("/staff/groups")
    while "Compare new tips" in page.html:
        page = reviewer.submit(page, action="/groups/compare")
    return page


def group_page(reviewer: PageClient, ref: str) -> Page:
    """The page of the group that this tip is in."""
    group_id = db.session.scalars(
        select(GroupMember.group_id).join(Tip, Tip.id == GroupMember.tip_id).where(Tip.ref == ref)
    ).one()
    db.session.rollback()
    return reviewer.page(f"/staff/groups/{group_id}")


def lines(page: Page, refs: list[str]) -> list[str]:
    """Those of the references that stand on a line of the queue, in its order."""
    found = [ref for ref in refs if ref in page.links]
    return sorted(found, key=lambda ref: page.html.index(f'value="{ref}"'))


def test_tips_with_one_answer_are_one_line_and_all_of_them_a_click_away(reviewer: PageClient, now: dt.datetime) -> None:
    assert "No groups" in reviewer.page("/staff/groups").main
    refs, other = alike(3, now), alike(1, now, 2000002)
    assert "4 tips have not been compared" in reviewer.page("/staff/").main
    assert "Same link (3)" in compare(reviewer).main
    page = reviewer.page("/staff/")
    assert len(lines(page, refs)) == 1
    assert lines(page, other) == other
    assert "3 tips with this answer" in page.main
    assert "4 tips" in page.main
    assert set(lines(reviewer.page("/staff/?every=yes"), refs)) == set(refs)
    assert set(lines(reviewer.page("/staff/?language=369"), refs)) == set(refs)
    compared = db.session.scalars(select(LogEntry).where(LogEntry.event == "tips.compared")).one()
    assert (compared.operation, compared.field_group) == ("combine", "4")


def test_first_hand_tips_rise_below_urgent_ones_until_a_person_says_otherwise(
    reviewer: PageClient, now: dt.datetime
) -> None:
    before = now - dt.timedelta(hours=2)
    witness = "I worked in that hotel as a cleaner until 2016."
    words = factories.make_tip(before, narrative=witness, how_known="first_hand").ref
    [box] = alike(1, before, 5, how_known="first_hand")
    urgent = factories.make_tip(before, child_at_risk=True).ref
    [plain] = alike(1, now)
    compare(reviewer)
    page = reviewer.page("/staff/")
    assert lines(page, [plain, box, words, urgent]) == [urgent, words, box, plain]
    assert "First hand: ticked, words" in page.main
    listed = reviewer.page("/staff/first-hand")
    assert words in listed.main
    after = reviewer.submit(listed, action=f"/first-hand/{words}/unmark")
    assert words not in after.links
    assert lines(reviewer.page("/staff/"), [plain, box, words, urgent]) == [urgent, box, plain, words]


def test_what_is_urgent_safeguarding_or_first_hand_is_never_folded_away(
    reviewer: PageClient, team: Team, now: dt.datetime
) -> None:
    refs = alike(4, now)
    told = alike(1, now, narrative="We sold these in our shop in Split, one delivery only.")
    compare(reviewer)
    folded = next(ref for ref in refs if ref not in reviewer.page("/staff/").links)
    assert lines(reviewer.page("/staff/"), told) == told
    factories.open_tip(team, folded, now)
    for lane, seen in (("urgent", [folded]), ("normal", []), ("safeguarding", [folded]), ("normal", [])):
        write(lambda to=lane: lanes.set_lane(access.access_tip(team.reviewer, folded, now=now), to, now))
        assert lines(reviewer.page("/staff/"), [folded]) == seen


def test_when_the_lead_is_closed_another_open_tip_stands_for_the_group(
    reviewer: PageClient, team: Team, now: dt.datetime
) -> None:
    refs = alike(3, now)
    compare(reviewer)
    [lead] = lines(reviewer.page("/staff/"), refs)
    opened = factories.open_tip(team, lead, now)
    write(lambda: tips.dispose_tip(opened, "spam", "Sent by a machine.", now))
    [second] = lines(reviewer.page("/staff/"), refs)
    assert second != lead
    write(lambda: tips.reopen_tip(access.access_tip(team.reviewer, lead, now=now), now))
    assert lines(reviewer.page("/staff/"), refs) == [second]


def test_a_person_takes_out_joins_splits_and_comparing_leaves_it_so(reviewer: PageClient, now: dt.datetime) -> None:
    one, two = alike(4, now), alike(3, now, 2000002)
    compare(reviewer)
    page = group_page(reviewer, one[0])
    assert "Tick the tips first" in reviewer.submit(page, {"act": "split"}, action="/part").html
    reviewer.submit(page, {"ref": one[3], "act": "out"}, action="/part")
    page = reviewer.submit(group_page(reviewer, one[0]), {"ref": two[0].lower()}, action="/merge")
    assert "6 tips with the answer" in page.h1
    alike(1, now, 2000002)
    compare(reviewer)
    page = group_page(reviewer, one[0])
    assert "7 tips with the answer" in page.h1
    assert one[3] not in page.links
    assert lines(reviewer.page("/staff/"), [one[3]]) == [one[3]]
    page = reviewer.submit(page, {"ref": [one[0], two[1]], "act": "split"}, action="/part")
    assert "2 tips with the answer" in page.h1
    names = set(db.session.scalars(select(LogEntry.field_group).where(LogEntry.event == "group.changed")))
    assert names == {"out", "merged", "split"}
    page = reviewer.submit(page, {"ref": "NOT-HERE"}, action="/merge")
    assert "There is no such tip at this desk. Check the reference" in page.errors


def test_lead_and_number_of_sources_are_for_a_person_to_say(reviewer: PageClient, now: dt.datetime) -> None:
    refs = alike(3, now)
    compare(reviewer)
    page = group_page(reviewer, refs[0])
    assert "Not said yet" in page.main
    other = next(ref for ref in refs if ref not in reviewer.page("/staff/").links)
    page = reviewer.submit(page, {"ref": other}, action="/lead")
    assert lines(reviewer.page("/staff/"), refs) == [other]
    for wrong in ("0", "4", "two"):
        refused = reviewer.submit(page, {"sources": wrong}, action="/sources")
        assert refused.errors == ["Enter a whole number from 1 to the number of tips in the group"]
    reviewer.submit(page, {"sources": "2"}, action="/sources")
    assert "2 independent sources" in reviewer.page("/staff/").main


def test_a_group_is_closed_together_with_one_reason_and_each_tip_logged(reviewer: PageClient, now: dt.datetime) -> None:
    refs = alike(3, now)
    compare(reviewer)
    page = group_page(reviewer, refs[0])
    closing = {"disposition": "already_known", "disposition_reason": "The shop was known."}
    assert "3 tips were closed" in reviewer.submit(page, closing, action="/close").html
    assert lines(reviewer.page("/staff/"), refs) == []
    entries = db.session.scalars(select(LogEntry.subject_ids).where(LogEntry.event == "tip.disposed")).all()
    assert len(set(entries)) == 3
    reviewer.submit(reviewer.page("/staff/"), action="/undo")
    assert len(lines(reviewer.page("/staff/"), refs)) == 1


def test_the_same_picture_in_another_size_is_the_same_answer(reviewer: PageClient, now: dt.datetime) -> None:
    drawn = Image.effect_mandelbrot((640, 480), (-2.2, -1.2, 1.0, 1.2), 40).convert("RGB")
    refs = [
        factories.make_tip(now, narrative=text, files=[("a.jpg", _saved(drawn, size))]).ref
        for text, size in (("See the file.", 640), ("Voir la photo", 300))
    ]
    factories.make_tip(now, narrative="Katso", files=[("b.jpg", factories.picture())])
    assert "Same picture (2)" in compare(reviewer).main
    assert len(lines(reviewer.page("/staff/"), refs)) == 1


def _saved(picture: Image.Image, width: int) -> bytes:
    stream = io.BytesIO()
    picture.resize((width, width * 3 // 4)).save(stream, "JPEG", quality=70)
    return stream.getvalue()


def test_what_is_added_later_by_receipt_is_compared_too(reviewer: PageClient, now: dt.datetime) -> None:
    refs = alike(2, now)
    late = factories.make_tip(now, narrative="I know this from somewhere.")
    witness = factories.make_tip(now, narrative="I will look for it at home.")
    compare(reviewer)
    assert set(lines(reviewer.page("/staff/"), [*refs, late.ref])) > {late.ref}
    factories.add_to_tip(late.tip_id, now, narrative=f"Here it is: {LINK.format(1000001)}")
    factories.add_to_tip(witness.tip_id, now, narrative="I worked in that hotel as a cleaner until 2016.")
    assert "2 tips have not been compared" in reviewer.page("/staff/").main
    assert "Same link (3)" in compare(reviewer).main
    page = reviewer.page("/staff/")
    assert len(lines(page, [*refs, late.ref])) == 1
    assert lines(page, [*refs, late.ref, witness.ref])[0] == witness.ref


def test_what_a_person_said_of_a_tip_stays_until_something_new_is_added(
    reviewer: PageClient, team: Team, clock: Clock, now: dt.datetime
) -> None:
    sent = factories.make_tip(now, narrative="I worked in that hotel as a cleaner until 2016.")
    compare(reviewer)
    listed = reviewer.page("/staff/first-hand")
    reviewer.submit(listed, action=f"/first-hand/{sent.ref}/unmark")
    for words, rises in (("The hotel is by the sea.", False), ("We sold these in our shop in Split.", True)):
        clock.advance(hours=1)
        factories.add_to_tip(sent.tip_id, clock.now, narrative=words)
        factories.sign_in(reviewer, team.reviewers[0], clock.now)
        assert "Every open tip has been compared" in compare(reviewer).main
        assert (sent.ref in reviewer.page("/staff/first-hand").links) is rises


def test_an_erased_tip_leaves_its_group_and_its_fingerprint_goes_with_it(
    reviewer: PageClient, team: Team, now: dt.datetime
) -> None:
    refs = alike(2, now)
    compare(reviewer)
    gone = db.session.scalars(select(Tip.id).where(Tip.ref == refs[0])).one()
    write(lambda: retention.erase_tip(gone, "purged", team.supervisor.actor, now, chain="staff"))
    assert db.session.scalars(select(TipRecord).where(TipRecord.tip_id == gone)).all() == []
    assert db.session.scalars(select(AnswerGroup)).all() == []
    assert lines(reviewer.page("/staff/"), refs) == [refs[1]]


def test_restricted_tips_are_not_compared_and_other_desks_see_nothing(
    client: PageClient, reviewer: PageClient, team: Team, now: dt.datetime
) -> None:
    refs = alike(3, now)
    write(lambda: db.run(update(Tip).where(Tip.ref == refs[2]).values(restricted=True, status="restricted")))
    assert "Same link (2)" in compare(reviewer).main
    path = group_page(reviewer, refs[0]).path
    stranger = factories.make_team(now)
    factories.sign_in(client, stranger.reviewers[0], now)
    client.page(path, status=404)
    assert refs[0] not in client.page("/staff/groups").main


def test_after_comparing_no_word_of_a_tip_lies_anywhere_in_clear(
    reviewer: PageClient, now: dt.datetime, settings: Settings, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    for number in range(3):
        factories.make_tip(
            now, narrative=f"Canaryword {number}", product="Canarybag 4500", links=("canary.example/canary-45001",)
        )
    assert "canary" not in compare(reviewer).html.casefold()
    page = group_page(reviewer, db.session.scalars(select(Tip.ref)).first() or "")
    assert "canary" not in page.html.casefold()
    assert "canary" not in caplog.text.casefold()
    (tmp_path / "probe").write_bytes(b"a canary")
    found = [path.name for path in tmp_path.rglob("*") if path.is_file() and b"canary" in path.read_bytes().lower()]
    assert found == ["probe"]
    assert os.path.commonpath([settings.instance, tmp_path]) == str(tmp_path)
