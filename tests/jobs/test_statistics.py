"""Figures: counted once, kept without what they were counted from, and no small number among them."""

from __future__ import annotations

import datetime as dt
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import func, select

from tests import factories
from tests.conftest import Clock
from tests.factories import Team
from tests.pages import PageClient
from tipline import jobs
from tipline.extensions import Database, db
from tipline.jobs.statistics import count_figures
from tipline.models.statistics import StatisticRest
from tipline.models.tip import Tip
from tipline.services import statistic_reports, tips
from tipline.services.statistic_reports import read_report
from tipline.services.statistics import FEWEST, Counts, divide

ESTONIAN = 367


@pytest.fixture
def team(request: pytest.FixtureRequest, now: dt.datetime) -> Team:
    """A desk to which six tips in English about the bag and two in Estonian about nothing have come."""
    request.getfixturevalue("database" if "database" in request.fixturenames else "client")
    made = factories.make_team(now)
    exhibit = factories.make_exhibit(made, now)
    for _ in range(6):
        factories.make_tip(now, exhibit_ref=exhibit)
    for _ in range(2):
        factories.make_tip(now, tip_language=ESTONIAN)
    return made


def close_all(team: Team, clock: Clock) -> None:
    for ref in db.session.scalars(select(Tip.ref)).all():
        opened = factories.open_tip(team, ref, clock.now)
        factories.write(lambda opened=opened: tips.dispose_tip(opened, "spam", "It sells watches.", clock.now))


def test_figures_stay_when_the_tips_are_gone_and_grow_no_more(database: Database, team: Team, clock: Clock) -> None:
    clock.advance(hours=2)
    close_all(team, clock)
    clock.advance(days=1)
    assert count_figures(clock.now) == 2
    before = read_report([team.desk_id], 365, clock.now)
    assert (before.received_in_all, before.closed_in_all) == (8, 8)
    clock.advance(days=100)
    assert [result for result in jobs.run_due(clock.now) if result.failure] == []
    assert db.session.scalar(select(func.count()).select_from(Tip)) == 0
    after = read_report([team.desk_id], 365, clock.now)
    assert after.breakdowns == before.breakdowns
    assert (after.received_in_all, after.closed_in_all) == (8, 8)
    assert count_figures(clock.now) == 0
    found = {kind: {cell.name: cell.number for cell in cells} for kind, cells in after.breakdowns.items()}
    assert found["disposition"] == {"spam": 8}
    assert found["country"] == {"none": 8}
    assert found["first-look"] == {"1h": 0, "4h": 8, "1d": 0, "3d": 0, "7d": 0, "longer": 0}
    assert found["language"] == {}  # 2 of 8 could be worked out from the other


def test_todays_figures_grow_once_an_hour_and_what_was_erased_that_day_counts(
    database: Database, team: Team, clock: Clock
) -> None:
    assert (count_figures(clock.now), count_figures(clock.now)) == (1, 0)
    factories.make_tip(clock.now)
    assert read_report([team.desk_id], 7, clock.now).received_in_all == 8
    clock.advance(hours=1)
    assert count_figures(clock.now) == 1
    assert read_report([team.desk_id], 7, clock.now).received_in_all == 9
    assert read_report(["another"], 7, clock.now).received_in_all == 0


def test_the_oldest_that_waits_is_named_in_days(database: Database, team: Team, clock: Clock) -> None:
    clock.advance(days=3)
    assert read_report([team.desk_id], 7, clock.now).oldest == statistic_reports.Oldest(3, 3)
    close_all(team, clock)
    assert read_report([team.desk_id], 7, clock.now).oldest == statistic_reports.Oldest(None, None)


def test_what_is_too_few_for_a_day_is_counted_when_later_ones_make_it_five(
    database: Database, team: Team, clock: Clock
) -> None:
    def languages_of(days: int) -> dict[str, int]:
        return {cell.name: cell.number for cell in read_report([team.desk_id], days, clock.now).breakdowns["language"]}

    clock.advance(days=1)
    count_figures(clock.now)
    assert (languages_of(7), read_report([team.desk_id], 7, clock.now).received_in_all) == ({}, 8)
    for _ in range(3):
        factories.make_tip(clock.now, tip_language=ESTONIAN)
    count_figures(clock.now)
    assert languages_of(7) == {}  # today is not over
    clock.advance(days=1)
    count_figures(clock.now)
    assert languages_of(7) == {"369": 6, str(ESTONIAN): 5}
    assert db.session.scalars(select(StatisticRest).where(StatisticRest.kind == "language")).all() == []
    days = [stretch.number for stretch in read_report([team.desk_id], 7, clock.now).received]
    assert days == [0, 0, 0, 0, 8, 0, 0]  # three more wait, without their day
    assert [row.number for row in db.session.scalars(select(StatisticRest).where(StatisticRest.value == ""))] == [3]


@given(st.lists(st.lists(st.integers(0, 30), min_size=4, max_size=4), max_size=8))
def test_no_waiting_number_can_be_worked_out_from_the_whole_on_any_day(days: list[list[int]]) -> None:
    rest: Counts = Counter()
    for numbers in days:
        counts = rest + Counter({("desk", "language", str(place)): number for place, number in enumerate(numbers)})
        enough, rest = divide(counts)
        assert enough + rest == counts
        assert all(number >= FEWEST for number in enough.values())
        assert not rest or (len(rest) > 1 and rest.total() >= FEWEST) or not enough


def test_a_page_draws_the_figures_and_says_them_in_a_table_and_a_file(
    client: PageClient, team: Team, clock: Clock
) -> None:
    factories.sign_in(client, team.reviewers[0], clock.now)
    assert "Nothing is counted yet" in client.page("/staff/statistics").main
    db.end()
    for _ in range(5):
        factories.make_tip(clock.now, tip_language=ESTONIAN)
    clock.advance(days=1)
    count_figures(clock.now)
    db.end()
    factories.sign_in(client, team.reviewers[0], clock.now)
    page = client.page("/staff/statistics?days=7")
    assert "Tips received: 13" in page.main
    assert "No object named" in page.main
    chart = next(one for one in page.tree.iter() if one.tag.endswith("svg") and one.get("role") == "img")
    named = (chart.get("aria-labelledby") or "").split()
    assert {one.get("id") for one in chart if one.tag.rpartition("}")[2] in {"title", "desc"}} == set(named)
    for known, path in ((team.reviewers[0], "/staff"), (team.administrator, "/admin"), (team.auditor, "/admin")):
        factories.sign_in(client, known, clock.now)
        assert "Tips received: 13" in client.page(f"{path}/statistics").main
        rows = client.get(f"{path}/statistics.csv?days=7").get_data(as_text=True).splitlines()
        assert "By language of the tip,Estonian,7" in rows
        assert "Tips received,02 Mar 2026,13" in rows


def test_a_title_is_no_formula_in_a_spreadsheet(client: PageClient, team: Team, clock: Clock) -> None:
    exhibit = factories.make_exhibit(team, clock.now, title="=HYPERLINK(1)")
    for ref in (exhibit, exhibit, exhibit, exhibit, exhibit, None, None, None):
        factories.make_tip(clock.now, exhibit_ref=ref)
    clock.advance(days=1)
    count_figures(clock.now)
    db.end()
    factories.sign_in(client, team.reviewers[0], clock.now)
    assert ",'=HYPERLINK(1)," in client.get("/staff/statistics.csv").get_data(as_text=True)
