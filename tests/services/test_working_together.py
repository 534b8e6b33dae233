"""Several people at one desk: the next tip for each, who has one open, the names that they give things."""

from __future__ import annotations

import datetime as dt

import pytest
from sqlalchemy import select

from tests import factories
from tests.conftest import Clock
from tests.factories import Team, write
from tipline import errors
from tipline.extensions import Database, db
from tipline.models.log import LogEntry
from tipline.models.queue import DeskWords
from tipline.services import access, labels, lanes, presence, saved_views, taking, work_settings

DANISH = 365
GREEK = 370


@pytest.fixture
def team(sqlite: Database, now: dt.datetime) -> Team:
    """A desk that takes tips."""
    made = factories.make_team(now)
    factories.make_exhibit(made, now)
    return made


def take(team: Team, now: dt.datetime, *, colleague: bool = False) -> str | None:
    person = team.reviewers[1].person if colleague else team.reviewer
    ref: str | None = write(lambda: taking.take_next(person, team.desk_id, now))
    return ref


def test_the_next_tip_is_the_most_urgent_then_the_oldest(team: Team, clock: Clock) -> None:
    old, new = (factories.make_tip(clock.advance(hours=1)).ref for _ in range(2))
    urgent = factories.make_tip(clock.advance(hours=1), child_at_risk=True).ref
    assert [take(team, clock.now), take(team, clock.now, colleague=True)] == [urgent, old]
    assert [take(team, clock.now), take(team, clock.now)] == [new, None]


def test_the_next_tip_is_in_a_language_that_one_reads(team: Team, now: dt.datetime) -> None:
    factories.make_tip(now, tip_language=369)
    greek = factories.make_tip(now, tip_language=GREEK).ref
    write(lambda: work_settings.save(team.reviewer, [GREEK], keys_on=False))
    assert work_settings.read(team.reviewer) == work_settings.WorkSettings(frozenset({GREEK}), keys_on=False)
    assert [take(team, now), take(team, now)] == [greek, None]
    with pytest.raises(errors.BadInput):
        write(lambda: work_settings.save(team.reviewer, [1], keys_on=True))


def test_a_wave_in_another_language_hides_no_tip_that_one_reads(
    team: Team, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(taking, "LOOKED_AT", 2)
    for _ in range(3):
        factories.make_tip(clock.now, tip_language=369)
    greek, danish = (factories.make_tip(clock.advance(hours=1), tip_language=one).ref for one in (GREEK, DANISH))
    write(lambda: work_settings.save(team.reviewer, [DANISH, GREEK], keys_on=True))
    assert [take(team, clock.now) for _ in range(3)] == [greek, danish, None]


def test_the_next_tip_is_none_that_is_shut_or_that_a_colleague_looks_at(team: Team, now: dt.datetime) -> None:
    shut, looked_at = (factories.make_tip(now).ref for _ in range(2))
    opened = write(lambda: access.open_tip(team.supervisor, shut, "supervision", "", now))
    write(lambda: lanes.set_lane(opened, "quarantine", now))
    write(lambda: presence.enter(team.supervisor, access.see_tip(team.supervisor, looked_at).id, now))
    assert take(team, now) is None
    write(lambda: presence.leave(team.supervisor))
    assert take(team, now) == looked_at


def test_whoever_opened_a_tip_first_has_it_until_somebody_takes_it_over(team: Team, clock: Clock) -> None:
    first, second = (known.person for known in team.reviewers)
    tip = access.see_tip(first, factories.make_tip(clock.now).ref)
    assert write(lambda: presence.enter(first, tip.id, clock.now)) is None
    holder = write(lambda: presence.enter(second, tip.id, clock.now))
    assert holder is not None
    assert holder.account_id == first.id
    presence.check(first, tip.id, clock.now)
    presence.check(team.supervisor, tip.id, clock.now)
    with pytest.raises(errors.OpenElsewhere):
        presence.check(second, tip.id, clock.now)
    write(lambda: presence.take_over(second, tip.id, clock.now))
    presence.check(second, tip.id, clock.now)
    with pytest.raises(errors.OpenElsewhere):
        presence.check(first, tip.id, clock.now)
    assert db.session.scalars(select(LogEntry.subject_ids).where(LogEntry.event == "tip.taken-over")).one() == tip.id


def test_a_tip_is_free_again_when_another_is_opened_or_after_a_quarter_of_an_hour(team: Team, clock: Clock) -> None:
    one, two = (access.see_tip(team.reviewer, factories.make_tip(clock.now).ref).id for _ in range(2))
    write(lambda: presence.enter(team.reviewer, one, clock.now))
    write(lambda: presence.enter(team.reviewer, two, clock.now))
    assert set(presence.holders([one, two], clock.now)) == {two}
    assert presence.holder_of(two, clock.advance(minutes=15)) is None
    assert write(lambda: presence.erase_old(clock.now)) == 1


def test_names_of_labels_and_views_are_sealed_and_read_by_the_desk_alone(team: Team, now: dt.datetime) -> None:
    reviewer, colleague = (known.person for known in team.reviewers)
    label_id = write(lambda: labels.make(reviewer, team.desk_id, "MARKER-LABEL", "work", now))
    write(lambda: saved_views.save(reviewer, team.desk_id, "MARKER-VIEW", "lane=urgent", shared=True))
    write(lambda: saved_views.save(reviewer, team.desk_id, "Mine", "status=closed", shared=False))
    assert [one.name for one in labels.of_desk(colleague, team.desk_id)] == ["MARKER-LABEL"]
    assert [(one.name, one.mine) for one in saved_views.of_desk(colleague, team.desk_id)] == [("MARKER-VIEW", False)]
    assert [one.name for one in saved_views.of_desk(reviewer, team.desk_id)] == ["Mine", "MARKER-VIEW"]
    assert b"MARKER" not in db.session.scalars(select(DeskWords.ciphertext)).one()
    stranger = factories.make_team(now).reviewer
    for look in (labels.of_desk, saved_views.of_desk):
        with pytest.raises(errors.NotFound):
            look(stranger, team.desk_id)
    with pytest.raises(errors.NotFound):
        labels.remove(stranger, label_id, now)
    write(lambda: labels.change(colleague, label_id, "Waits", "hold", now))
    assert [(one.name, one.tone) for one in labels.of_desk(reviewer, team.desk_id)] == [("Waits", "hold")]
    write(lambda: labels.remove(colleague, label_id, now))
    assert labels.of_desk(reviewer, team.desk_id) == ()


def test_a_shared_view_is_removed_by_its_maker_or_a_supervisor(team: Team, now: dt.datetime) -> None:
    reviewer, colleague = (known.person for known in team.reviewers)
    made = write(lambda: saved_views.save(reviewer, team.desk_id, "Ours", "lane=urgent", shared=True))
    with pytest.raises(errors.NotAllowed):
        saved_views.remove(colleague, made)
    write(lambda: saved_views.remove(team.supervisor, made))
    own = write(lambda: saved_views.save(reviewer, team.desk_id, "Mine", "lane=urgent", shared=False))
    with pytest.raises(errors.NotFound):
        saved_views.remove(team.supervisor, own)


@pytest.mark.parametrize("name", ["", "x" * 31, "ask the LAB"])
def test_a_name_is_there_short_and_free(team: Team, now: dt.datetime, name: str) -> None:
    write(lambda: labels.make(team.reviewer, team.desk_id, "Ask the lab", "work", now))
    write(lambda: saved_views.save(team.reviewer, team.desk_id, "Ask the lab", "lane=urgent", shared=False))
    with pytest.raises(errors.BadInput):
        labels.make(team.reviewer, team.desk_id, name, "work", now)
    with pytest.raises(errors.BadInput):
        saved_views.save(team.reviewer, team.desk_id, name, "lane=urgent", shared=False)
