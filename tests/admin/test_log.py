"""The log's pages: for auditors only, filtered, bounded, and looking is logged."""

from __future__ import annotations

import datetime as dt
import json

import pytest
from sqlalchemy import func, select

from tests import factories
from tests.conftest import Clock
from tests.pages import PageClient
from tipline import jobs
from tipline.extensions import db
from tipline.models.log import LogEntry
from tipline.services import log

SEED = b"k" * 32


@pytest.fixture
def team(client: PageClient, now: dt.datetime) -> factories.Team:
    made = factories.make_team(now)
    factories.sign_in(client, made.auditor, now)
    return made


def fill(count: int, now: dt.datetime, subject: str = "t" * 32) -> None:
    def write() -> None:
        for _ in range(count):
            log.record(
                "tip.assigned", chain="staff", actor=log.Actor("a" * 32, "reviewer"), subjects=[subject], now=now
            )

    factories.write(write)


def entries(event: str) -> int:
    found = db.session.execute(select(func.count()).where(LogEntry.event == event)).scalar_one()
    db.session.rollback()
    return int(found)


def test_an_auditor_reads_the_log_and_that_is_logged(client: PageClient, team: factories.Team) -> None:
    page = client.page("/admin/log?chain=staff")
    assert page.h1 == "Log"
    assert "desk.founded" in page.main
    assert team.supervisor.display_name in page.main
    assert entries("log.read") == 1
    assert "log.read" in client.page("/admin/log?chain=admin").main


@pytest.mark.parametrize("path", ["log", "log/verify", "log/segments", "log/heads", "clocks"])
@pytest.mark.parametrize("who", ["reviewer", "supervisor", "administrator"])
def test_nobody_else_comes_in_and_the_try_is_logged(
    client: PageClient, team: factories.Team, now: dt.datetime, path: str, who: str
) -> None:
    known = {
        "reviewer": team.reviewers[0],
        "supervisor": team.supervisors[0],
        "administrator": team.administrator,
    }[who]
    factories.sign_in(client, known, now)
    client.page(f"/admin/{path}", status=403)
    assert entries("act.refused") == 1


def test_signed_out_people_are_sent_to_sign_in(client: PageClient) -> None:
    assert client.get("/admin/log").status_code in {302, 303}


def test_pages_are_by_number_and_a_filter_looks_at_a_bounded_stretch(
    client: PageClient, team: factories.Team, now: dt.datetime
) -> None:
    fill(2300, now)
    fill(1, now, subject="needle00")
    fill(2100, now)
    first = client.page("/admin/log?chain=staff")
    assert first.html.count("<strong>tip.assigned") == 100
    second = client.page(first.links["Next page"])
    assert second.html.count("<strong>tip.assigned") == 100
    searched = client.page("/admin/log?chain=staff&subject=needle00")
    assert "No entry here" in searched.main
    assert "searches further back" in searched.main
    found = client.page(searched.links["Next page"])
    assert "needle00" in found.main
    assert found.html.count("<strong>tip.assigned") == 1


def test_a_day_is_found_by_its_date(client: PageClient, team: factories.Team, clock: Clock) -> None:
    fill(3, clock.now, subject="old00000")
    clock.advance(days=3)
    fill(3, clock.now, subject="new00000")
    factories.sign_in(client, team.auditor, clock.now)
    page = client.page("/admin/log?chain=staff&until=2026-03-02")
    assert "old00000" in page.main
    assert "new00000" not in page.main


@pytest.mark.parametrize(
    "query", ["chain=nowhere", "until=2026-02-31", "event=nothing", "before=-5", "subject=%00%25'--"]
)
def test_a_strange_filter_is_no_error(client: PageClient, team: factories.Team, query: str) -> None:
    assert client.page(f"/admin/log?{query}").h1 == "Log"


def test_heads_are_downloaded_and_verified_against(client: PageClient, team: factories.Team) -> None:
    heads = client.get("/admin/log/heads")
    assert heads.headers["Content-Disposition"].startswith("attachment")
    held = json.loads(heads.get_data(as_text=True))
    assert {head["chain"] for head in held["heads"]} == set(log.CHAINS)
    page = client.page("/admin/log/verify")
    good = client.submit(page, field="anchors", anchors=heads.get_data(as_text=True))
    assert "The log verifies" in good.main
    next(head for head in held["heads"] if head["chain"] == "staff")["hash"] = "0" * 64
    bad = client.submit(page, field="anchors", anchors=json.dumps(held))
    assert "it is not what you kept" in bad.main


def test_what_is_no_head_is_said_beside_the_field(client: PageClient, team: factories.Team) -> None:
    page = client.submit(client.page("/admin/log/verify"), field="anchors", anchors="nothing of the kind")
    assert page.errors == ["Paste whole files as you downloaded them. These cannot be read"]
    assert page.title.startswith("Error: ")


def test_a_segment_is_held_and_let_go(client: PageClient, team: factories.Team, clock: Clock) -> None:
    clock.advance(days=1)
    jobs.run_due(clock.now)
    factories.sign_in(client, team.auditor, clock.now)
    page = client.page("/admin/log/segments?chain=staff")
    held = client.submit(page, action="/hold")
    assert "Held" in held.main
    let_go = client.submit(held, action="/lift")
    assert "Kept" in let_go.main
    assert (entries("segment.held"), entries("segment.unheld")) == (1, 1)


def test_the_clocks_show_counts_only(client: PageClient, team: factories.Team, clock: Clock) -> None:
    factories.make_exhibit(team, clock.now)
    sent = factories.make_tip(clock.now)
    clock.advance(days=180)
    factories.sign_in(client, team.auditor, clock.now)
    page = client.page("/admin/clocks")
    assert "Due within seven days 1" in page.main
    assert sent.ref not in page.html
    assert sent.tip_id not in page.html
