"""Figures for the sample: what a desk has counted by the ninth week of a campaign. Invented, from before its tips."""

from __future__ import annotations

import datetime as dt
import random
from collections import Counter
from collections.abc import Sequence

from sqlalchemy import select

from tipline import languages
from tipline.extensions import db
from tipline.models.appeal import Exhibit
from tipline.services import statistics
from tipline.services.statistics import Counts

FIRST, LAST = 63, 4  # days ago; the sample's own tips are younger
_LANGUAGES = {"en": 9, "de": 7, "fr": 6, "pl": 4, "it": 3, "es": 3, "nl": 2, "el": 1, "fi": 1}
_DISPOSITIONS = {
    "already_known": 9,
    "not_corroborated": 6,
    "insufficient_information": 5,
    "actionable_referred": 3,
    "spam": 2,
}
_COUNTRIES = {statistics.NONE: 8, "DE": 5, "FR": 4, "PL": 3, "IT": 2, "ES": 2}
_WAITS = {"1h": 6, "4h": 9, "1d": 5, "3d": 1}


def make_figures(desk_id: str, now: dt.datetime) -> None:
    """Keep figures of eight weeks that are over: a wave in the first, then quiet weeks with quieter weekends."""
    chance = random.Random(8)  # noqa: S311 - nothing secret
    exhibits = {
        one: 1 + place for place, one in enumerate(db.session.scalars(select(Exhibit.id).order_by(Exhibit.ref)))
    }
    spoken = {str(term.id): _LANGUAGES[term.tag] for term in languages.TERMS if term.tag in _LANGUAGES}
    for ago in range(FIRST, LAST - 1, -1):
        day = now.date() - dt.timedelta(days=ago)
        came = round((120 if ago > FIRST - 4 else 35) * (0.5 if day.weekday() > 4 else 1) * chance.uniform(0.7, 1.3))
        ended = round(came * chance.uniform(0.7, 1.1))
        counts: Counts = Counter({(desk_id, statistics.RECEIVED, ""): came, (desk_id, statistics.CLOSED, ""): ended})
        for kind, number, weights in (
            (statistics.LANGUAGE, came, spoken),
            (statistics.EXHIBIT, came, {statistics.NONE: 2, **exhibits}),
            (statistics.FIRST_LOOK, came, _WAITS),
            (statistics.DISPOSITION, ended, _DISPOSITIONS),
            (statistics.COUNTRY, ended, _COUNTRIES),
        ):
            drawn: Sequence[str] = chance.choices(list(weights), list(weights.values()), k=number)
            counts.update((desk_id, kind, value) for value in drawn)
        statistics.keep_day(day, counts, now)
