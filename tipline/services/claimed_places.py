"""Countries that a tip speaks of, as three things: where it is sold, where it is made, where the scene is.

The country of sale is not that of production, and neither is that of the abuse (DOMAIN 6). What the sender typed stays
as it is; these are the desk's reading of it, sealed with the tip.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

from tipline.errors import BadInput
from tipline.services import access, history, log, records
from tipline.services.access import OpenTip
from tipline.services.countries import countries

PART = "places"
MEANINGS = ("sale", "production", "scene")
MOST = 10


def places(opened: OpenTip) -> Mapping[str, tuple[str, ...]]:
    """The country codes of each meaning, in the order in which they were set."""
    found = records.latest_record(opened, PART)
    value = found.value if found else {}
    return {meaning: tuple(value.get(meaning, ())) for meaning in MEANINGS}


def put(opened: OpenTip, meaning: str, country: str, now: dt.datetime) -> None:
    """Say that the tip speaks of this country in this meaning; doing it again changes nothing. Raises BadInput."""
    _check(meaning, country)
    known = places(opened)[meaning]
    if country in known:
        return
    if len(known) >= MOST:
        raise BadInput("country", "too-many")
    _write(opened, meaning, (*known, country), now)


def take_away(opened: OpenTip, meaning: str, country: str, now: dt.datetime) -> None:
    """Take a country away again; one that is not there changes nothing. Raises BadInput."""
    _check(meaning, country)
    known = places(opened)[meaning]
    if country in known:
        _write(opened, meaning, tuple(code for code in known if code != country), now)


def _check(meaning: str, country: str) -> None:
    if meaning not in MEANINGS:
        raise BadInput("meaning", "unknown")
    if country not in countries():
        raise BadInput("country", "unknown")


def _write(opened: OpenTip, meaning: str, codes: tuple[str, ...], now: dt.datetime) -> None:
    access.check_unrestricted(opened)
    records.write_record(opened, PART, {**places(opened), meaning: codes}, now)
    history.add(opened.tip.id, "tip.placed", actor=opened.person.actor, now=now)
    log.record(
        "tip.placed",
        chain="staff",
        actor=opened.person.actor,
        subjects=[opened.tip.id],
        now=now,
        field_group=meaning,
    )
