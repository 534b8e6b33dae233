"""The wave: five thousand tips in 31 languages, and what a reviewer's session makes of them."""

from __future__ import annotations

import datetime as dt

import pytest

from bench import wave
from tests import factories
from tipline.extensions import Database
from tipline.services import queue


@pytest.mark.wide
@pytest.mark.parametrize("seed", [1, 2026])
def test_a_wave_is_eight_groups_and_ten_first_hand_tips_at_the_top(
    sqlite: Database, now: dt.datetime, seed: int
) -> None:
    team = factories.make_team(now)
    factories.make_exhibit(team, now)
    truth = wave.send(5000, seed, now)
    wave.group(team.reviewer, team.desk_id, now)
    for held, strangers in wave.judge(truth):
        assert held >= 0.9
        assert strangers < 0.02
    first = queue.page(team.reviewer, queue.Filter(team.desk_id)).lines[:25]
    assert len({line.tip.id for line in first if truth[line.tip.id].first_hand}) == 10
