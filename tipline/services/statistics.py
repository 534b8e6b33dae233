"""Figures of the work by day and desk, counted once by the timer: nothing is kept for them, nobody is in them.

A number below five can point at somebody. It is counted for no day but waits, without its day, until later ones make it
five. So every number that is kept may be shown, and so may every sum and every difference of them.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter, defaultdict
from collections.abc import Mapping
from typing import Any

from sqlalchemy import delete, func, insert, select

from tipline.extensions import db
from tipline.models.desk import Desk
from tipline.models.queue import QueueLabel, TipLabel
from tipline.models.statistics import Statistic, StatisticDay, StatisticRest
from tipline.models.tip import Tip, TipEvent, Tombstone

RECEIVED, LANGUAGE, EXHIBIT = "received", "language", "exhibit"
CLOSED, DISPOSITION, COUNTRY, FIRST_LOOK = "closed", "disposition", "country", "first-look"
WHOLES = (RECEIVED, CLOSED)
BREAKDOWNS = (LANGUAGE, EXHIBIT, COUNTRY, DISPOSITION, FIRST_LOOK)
NONE = "none"  # no object named, no country marked
# How long a tip waited for its first look, in hours below which it falls.
WAITS = (("1h", 1), ("4h", 4), ("1d", 24), ("3d", 72), ("7d", 168))
LONGER = "longer"
FEWEST = 5
SETTLED = dt.timedelta(hours=1)  # after midnight: by then whatever was under way is committed
KEPT = dt.timedelta(days=3 * 366)
_NEXT = dt.timedelta(days=1)

Counts = Counter[tuple[str, str, str]]  # desk, kind, value


def due_days(now: dt.datetime) -> list[dt.date]:
    """The days to count now: each that is over and not final, and today once an hour. Oldest first."""
    rows = db.session.execute(select(StatisticDay.day, StatisticDay.counted_at, StatisticDay.final)).all()
    last_final = max((row.day for row in rows if row.final), default=None)
    counted = {row.day: row.counted_at for row in rows}
    day = last_final + _NEXT if last_final is not None else _first_day(now)
    days = []
    while day <= now.date():
        before = counted.get(day)
        if before is None or _is_final(day, now) or _hour(before) < _hour(now):
            days.append(day)
        day += _NEXT
    return days


def count_day(day: dt.date) -> Counts:
    """Every figure of one day, read from what is there now."""
    start = dt.datetime.combine(day, dt.time(), dt.UTC)
    counts: Counts = Counter()
    for desk_id in db.session.scalars(select(Desk.id)).all():
        _count_arrivals(counts, desk_id, start)
    gone = select(Tombstone.desk_id, func.count()).where(Tombstone.received_on == day).group_by(Tombstone.desk_id)
    for desk_id, number in db.session.execute(gone):
        counts[desk_id, RECEIVED, ""] += number
    _count_ends(counts, start)
    _count_first_looks(counts, start)
    return +counts


def keep_day(day: dt.date, counts: Counts, now: dt.datetime) -> None:
    """Keep a day's figures in place of those counted before; a final day stays as it is.

    Of a day that is not over only the whole is kept: what grows by the hour tells too much of the single tip.
    """
    row = db.session.get(StatisticDay, day, with_for_update=True)
    if row is not None and row.final:
        return
    final = _is_final(day, now)
    enough, rest = divide(_rest() + counts)
    if final:
        db.session.execute(delete(StatisticRest))
        _insert(StatisticRest, rest)
    else:
        enough = Counter({key: number for key, number in enough.items() if key[1] in WHOLES})
    db.session.execute(delete(Statistic).where(Statistic.day == day))
    _insert(Statistic, enough, day=day)
    db.session.merge(StatisticDay(day=day, counted_at=now, final=final))


def divide(counts: Mapping[tuple[str, str, str], int]) -> tuple[Counts, Counts]:
    """What may be shown, and what waits: numbers below five, and others until no waiting one can be worked out.

    The whole beside a breakdown is known, so of each at least two numbers wait, together five or more, or none.
    """
    enough: Counts = Counter()
    rest: Counts = Counter()
    groups: dict[tuple[str, str], list[tuple[int, str]]] = defaultdict(list)
    for (desk_id, kind, value), number in counts.items():
        groups[desk_id, kind].append((number, value))
    for (desk_id, kind), numbers in groups.items():
        waiting = [one for one in sorted(numbers) if one[0] < FEWEST]
        others = [one for one in sorted(numbers) if one[0] >= FEWEST]
        while waiting and others and (len(waiting) == 1 or sum(number for number, _ in waiting) < FEWEST):
            waiting.append(others.pop(0))
        enough.update({(desk_id, kind, value): number for number, value in others})
        rest.update({(desk_id, kind, value): number for number, value in waiting})
    return enough, rest


def erase_old(now: dt.datetime) -> None:
    """Erase figures that are older than three years."""
    for table in (Statistic, StatisticDay):
        db.session.execute(delete(table).where(table.day < (now - KEPT).date()))


def _rest() -> Counts:
    rows = db.session.scalars(select(StatisticRest).execution_options(populate_existing=True))
    return Counter({(row.desk_id, row.kind, row.value): row.number for row in rows})


def _insert(table: type[Statistic | StatisticRest], counts: Counts, **common: Any) -> None:
    rows = [
        {"desk_id": desk_id, "kind": kind, "value": value, "number": number, **common}
        for (desk_id, kind, value), number in counts.items()
    ]
    if rows:
        db.session.execute(insert(table), rows)


def _first_day(now: dt.datetime) -> dt.date:
    """The day of the oldest tip that is still here, within a year: nothing older was ever counted."""
    oldest = db.session.scalar(select(func.min(Tip.received_at)))
    return max(oldest.date() if oldest else now.date(), (now - dt.timedelta(days=365)).date())


def _count_arrivals(counts: Counts, desk_id: str, start: dt.datetime) -> None:
    # Both halves of the queue, urgent or not, are named so that the index on arrival is used.
    mine = (
        Tip.desk_id == desk_id,
        Tip.closed.in_((False, True)),
        Tip.urgent.in_((False, True)),
        Tip.received_at >= start,
        Tip.received_at < start + _NEXT,
    )
    query = select(Tip.tip_language, Tip.exhibit_id, func.count()).where(*mine)
    for language, exhibit_id, number in db.session.execute(query.group_by(Tip.tip_language, Tip.exhibit_id)):
        counts[desk_id, RECEIVED, ""] += number
        counts[desk_id, LANGUAGE, str(language)] += number
        counts[desk_id, EXHIBIT, exhibit_id or NONE] += number


def _count_ends(counts: Counts, start: dt.datetime) -> None:
    """Tips that ended on this day, how, and for which countries the desk had marked them; several count each."""
    ended = (
        select(Tip.id, Tip.desk_id, TipEvent.after)
        .join(TipEvent, TipEvent.tip_id == Tip.id)
        .where(TipEvent.name == "tip.disposed", *_within(start))
        .distinct()
        .subquery()
    )
    by_end = select(ended.c.desk_id, ended.c.after, func.count()).group_by(ended.c.desk_id, ended.c.after)
    for desk_id, disposition, number in db.session.execute(by_end):
        counts[desk_id, CLOSED, ""] += number
        counts[desk_id, DISPOSITION, disposition] += number
    marks = (
        select(TipLabel.tip_id, QueueLabel.country)
        .join(QueueLabel, QueueLabel.id == TipLabel.label_id)
        .where(QueueLabel.country.is_not(None))
        .subquery()
    )
    tips = select(ended.c.id, ended.c.desk_id).distinct().subquery()
    by_country = (
        select(tips.c.desk_id, marks.c.country, func.count())
        .outerjoin(marks, marks.c.tip_id == tips.c.id)
        .group_by(tips.c.desk_id, marks.c.country)
    )
    for desk_id, country, number in db.session.execute(by_country):
        counts[desk_id, COUNTRY, country or NONE] += number


def _count_first_looks(counts: Counts, start: dt.datetime) -> None:
    opened = TipEvent.name == "tip.opened"
    that_day = select(TipEvent.tip_id).where(opened, *_within(start))
    first = func.min(TipEvent.happened_at)
    query = (
        select(Tip.desk_id, Tip.received_at, first)
        .join(TipEvent, TipEvent.tip_id == Tip.id)
        .where(opened, TipEvent.tip_id.in_(that_day))
        .group_by(Tip.id, Tip.desk_id, Tip.received_at)
        .having(first >= start)
    )
    for desk_id, received_at, looked_at in db.session.execute(query):
        counts[desk_id, FIRST_LOOK, _wait(looked_at - received_at)] += 1


def _within(start: dt.datetime) -> tuple[Any, Any]:
    return TipEvent.happened_at >= start, TipEvent.happened_at < start + _NEXT


def _wait(waited: dt.timedelta) -> str:
    return next((name for name, hours in WAITS if waited < dt.timedelta(hours=hours)), LONGER)


def _is_final(day: dt.date, now: dt.datetime) -> bool:
    return now >= dt.datetime.combine(day, dt.time(), dt.UTC) + _NEXT + SETTLED


def _hour(moment: dt.datetime) -> dt.datetime:
    return moment.replace(minute=0, second=0, microsecond=0)
