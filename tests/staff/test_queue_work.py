"""Working through the queue in a browser: many at once, labels, views, the next tip, and who has one open."""

from __future__ import annotations

import datetime as dt

import pytest
from sqlalchemy import select

from tests import factories
from tests.conftest import Clock
from tests.factories import Team
from tests.pages import Page, PageClient
from tipline.extensions import db
from tipline.models.account import AccountSession


@pytest.fixture
def team(client: PageClient, now: dt.datetime) -> Team:
    """A desk that takes tips."""
    made = factories.make_team(now)
    factories.make_exhibit(made, now)
    return made


@pytest.fixture
def reviewer(client: PageClient, team: Team, now: dt.datetime) -> PageClient:
    """A browser in which a reviewer is signed in."""
    factories.sign_in(client, team.reviewers[0], now)
    return client


def chosen(client: PageClient, *refs: str) -> Page:
    """The page of the chosen tips."""
    return client.page("/staff/many?" + "&".join(f"ref={ref}" for ref in refs))


def send_many(client: PageClient, act: str, refs: list[str], **fields: str) -> Page:
    """What the form of the chosen tips sends."""
    form = chosen(client, *refs).form(action=f"/many/{act}")
    data = {**form.values, "ref": refs, **fields}
    return client._expect(client.post(form.action, data=data, follow_redirects=True), 200)


def test_many_are_closed_with_one_reason_and_opened_again(reviewer: PageClient, now: dt.datetime) -> None:
    refs = [factories.make_tip(now).ref for _ in range(3)]
    refused = send_many(reviewer, "close", refs[:2])
    assert refused.errors == ["Choose how they end", "Say why they end like this"]
    done = send_many(reviewer, "close", refs[:2], disposition="duplicate", disposition_reason="The same shop link.")
    assert "2 tips were closed." in done.html
    assert [ref in done.main for ref in refs] == [False, False, True]
    undone = reviewer.submit(done, action="/undo")
    assert "2 tips were changed back." in undone.html
    assert all(ref in undone.main for ref in refs)
    assert "This can be undone" not in undone.main


def test_what_is_left_as_it_was_is_named_with_why(reviewer: PageClient, team: Team, now: dt.datetime) -> None:
    mine, theirs = (factories.make_tip(now).ref for _ in range(2))
    colleague = team.reviewers[1].person
    from tipline.services import tips

    factories.write(lambda: tips.assign_tip(colleague, theirs, colleague.id, now))
    done = send_many(reviewer, "assign", [mine, theirs], assignee=team.reviewer.id)
    assert f"1 tip was given. Left as it was: {theirs}: it is a colleague" in done.html


def test_nothing_chosen_leads_back_with_words(reviewer: PageClient) -> None:
    assert "Choose the tips first" in reviewer.page("/staff/many?ref=NOT-THERE").html


def test_a_label_is_made_put_on_filtered_by_renamed_and_removed(reviewer: PageClient, now: dt.datetime) -> None:
    labelled, other = (factories.make_tip(now).ref for _ in range(2))
    page = reviewer.page("/staff/labels")
    assert "No labels yet" in page.main
    assert "Enter a name" in reviewer.submit(page, field="label_name").errors
    reviewer.submit(page, {"label_name": "Ask the lab", "tone": "work"}, field="label_name")
    assert "label of this name" in reviewer.submit(page, {"label_name": "ask the lab"}, field="label_name").errors[0]
    label_id = reviewer.page("/staff/labels").links["Change Ask the lab"].rpartition("/")[2]
    done = send_many(reviewer, "label", [labelled], label=label_id)
    assert "Ask the lab" in done.main
    found = reviewer.page(f"/staff/?label={label_id}")
    assert (labelled in found.main, other in found.main) == (True, False)
    reviewer.submit(
        reviewer.page(f"/staff/labels/{label_id}"), {"label_name": "Asked", "tone": "done"}, field="label_name"
    )
    assert "Asked" in reviewer.page("/staff/").main
    gone = reviewer.submit(reviewer.page(f"/staff/labels/{label_id}"), action="/remove")
    assert "No labels yet" in gone.main
    reviewer.page(f"/staff/labels/{label_id}", status=404)


def opened(client: PageClient, ref: str) -> Page:
    """The tip, with a reason where one is asked for."""
    page = client.page(f"/staff/tips/{ref}")
    return (
        client.submit(page, {"reason_code": "assigned_work"}, field="reason_code") if "Why do you" in page.h1 else page
    )


def test_a_country_is_marked_on_a_tip_and_taken_off(reviewer: PageClient, now: dt.datetime) -> None:
    ref = factories.make_tip(now).ref
    page = reviewer.submit(opened(reviewer, ref), {"label": "GR"}, action="/labels")
    assert "The label is on the tip." in page.html
    assert "Greece" in reviewer.page("/staff/").main
    off = reviewer.submit(reviewer.page(f"/staff/tips/{ref}"), action="/off")
    assert "The label is off the tip." in off.html
    assert "Choose a label first." in reviewer.submit(off, {"label": "nothing"}, action="/labels").html


def test_a_view_is_kept_used_and_removed(reviewer: PageClient, team: Team, now: dt.datetime) -> None:
    urgent, plain = factories.make_tip(now, child_at_risk=True).ref, factories.make_tip(now).ref
    form = reviewer.page(reviewer.page("/staff/?lane=urgent").links["Keep this view"])
    assert "Enter a name" in reviewer.submit(form, field="view_name").errors
    reviewer.submit(form, {"view_name": "Now", "shared": "y"}, field="view_name")
    kept = reviewer.page(reviewer.page("/staff/").links["Now"])
    assert (urgent in kept.main, plain in kept.main) == (True, False)
    factories.sign_in(reviewer, team.reviewers[1], now)
    assert "Now" in reviewer.page("/staff/").links
    factories.sign_in(reviewer, team.reviewers[0], now)
    assert "No kept views" in reviewer.submit(reviewer.page("/staff/views"), action="/remove").main


def test_the_next_tip_is_taken_and_given_back(reviewer: PageClient, now: dt.datetime) -> None:
    ref = factories.make_tip(now).ref
    page = reviewer.submit(reviewer.page("/staff/"), action="/next")
    assert ref in page.h1
    assert "This tip is yours." in page.html
    assert "all taken" in reviewer.submit(reviewer.page("/staff/"), action="/next").html
    back = reviewer.submit(opened(reviewer, ref), action="/give-back")
    assert "nobody" in back.html


def test_settings_say_which_languages_and_switch_the_keys_off(reviewer: PageClient, now: dt.datetime) -> None:
    factories.make_tip(now, tip_language=369)
    assert "desk-keys" in reviewer.page("/staff/").html
    form = reviewer.page("/staff/settings")
    kept = reviewer.submit(form, {"languages": "370", "keys_on": None}, field="languages")
    assert "This is kept." in kept.html
    page = reviewer.page("/staff/")
    assert "desk-keys" not in page.html
    assert "languages that you do not read" in reviewer.submit(page, action="/next").html


def test_the_count_of_new_tips_is_told_and_keeps_no_session_awake(reviewer: PageClient, clock: Clock) -> None:
    factories.make_tip(clock.now)
    assert reviewer.get("/staff/new-tips").json == {"count": 1, "words": "1 new"}
    seen = db.session.scalars(select(AccountSession.seen_at)).all()
    db.session.rollback()
    clock.advance(minutes=20)
    reviewer.get("/staff/new-tips")
    assert db.session.scalars(select(AccountSession.seen_at)).all() == seen
    db.session.rollback()
    clock.advance(minutes=11)
    assert reviewer.get("/staff/new-tips").status_code in {302, 303}


def test_a_tip_that_a_colleague_has_open_is_changed_only_after_taking_it_over(
    reviewer: PageClient, team: Team, now: dt.datetime
) -> None:
    ref = factories.make_tip(now).ref
    opened(reviewer, ref)
    factories.sign_in(reviewer, team.reviewers[1], now)
    page = opened(reviewer, ref)
    assert "has this tip open since 10:24" in page.main
    assert "has it open" in reviewer.page("/staff/").main
    refused = reviewer.submit(page, {"sanitised": "Mine?"}, field="sanitised")
    assert "A colleague has this tip open" in refused.errors[0]
    assert "A colleague has this tip open" in reviewer.submit(page, action="/screened").html
    taken = reviewer.submit(page, action="/take-over")
    assert "has this tip open since" not in taken.main
    assert "The note is added." in reviewer.submit(taken, {"note": "Mine."}, field="note").html


def test_the_new_filters_travel_from_page_to_page(reviewer: PageClient, now: dt.datetime) -> None:
    with_file = factories.make_tip(now, files=[("a.jpg", factories.picture())]).ref
    plain = factories.make_tip(now).ref
    page = reviewer.page("/staff/?files=yes&age=day")
    assert (with_file in page.main, plain in page.main) == (True, False)
    assert "files=yes" in page.links[with_file]
    assert "age=day" in page.links[with_file]
    assert "No tip fits this filter" in reviewer.page("/staff/?age=older-week").main
    assert plain in reviewer.page("/staff/?age=never&label=x").main
