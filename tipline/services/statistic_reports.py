"""Reading the figures: a period at some desks, as a page shows it. None of them is small (``statistics``)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import func, select

from tipline.extensions import db
from tipline.models.desk import Desk
from tipline.models.statistics import Statistic, StatisticDay
from tipline.models.tip import Tip
from tipline.services.statistics import BREAKDOWNS, CLOSED, FIRST_LOOK, LONGER, RECEIVED, WAITS, WHOLES

PERIODS = (7, 30, 90, 365)
_NEXT = dt.timedelta(days=1)


@dataclass(frozen=True)
class Cell:
    """One number of a table."""

    name: str
    number: int


@dataclass(frozen=True)
class Stretch:
    """A day, a week or a month; ``counted`` is false where there is no number yet."""

    first: dt.date
    last: dt.date
    number: int
    counted: bool


@dataclass(frozen=True)
class Oldest:
    """How many days the oldest tip has waited: for its first look, and for its end; None where none waits."""

    unseen: int | None
    unfinished: int | None


@dataclass(frozen=True)
class Report:
    """What a page shows of a period; ``counted_at`` is None before the first count."""

    first: dt.date
    last: dt.date
    counted_at: dt.datetime | None
    received: tuple[Stretch, ...]
    closed: tuple[Stretch, ...]
    received_in_all: int
    closed_in_all: int
    breakdowns: Mapping[str, tuple[Cell, ...]]
    oldest: Oldest


def every_desk() -> tuple[str, ...]:
    """The ids of all desks, for those who see the figures of the whole house only."""
    return tuple(db.session.scalars(select(Desk.id)))


def read_report(desk_ids: Sequence[str], days: int, now: dt.datetime) -> Report:
    """The figures of the last so many days at these desks, together."""
    last = now.date()
    first = last - dt.timedelta(days=days - 1)
    mine = (Statistic.desk_id.in_(desk_ids), Statistic.day.between(first, last))
    number = func.sum(Statistic.number)
    by_day = select(Statistic.kind, Statistic.day, number).where(*mine, Statistic.kind.in_(WHOLES))
    daily = {(kind, day): int(n) for kind, day, n in db.session.execute(by_day.group_by(Statistic.kind, Statistic.day))}
    parts = select(Statistic.kind, Statistic.value, number).where(*mine, Statistic.kind.in_(BREAKDOWNS))
    found: dict[str, dict[str, int]] = {kind: {} for kind in BREAKDOWNS}
    for kind, value, n in db.session.execute(parts.group_by(Statistic.kind, Statistic.value)):
        found[kind][value] = int(n)
    counted = db.session.execute(
        select(StatisticDay.day, StatisticDay.counted_at).where(StatisticDay.day.between(first, last))
    ).all()
    stretches = _stretches(first, last)
    known = {row.day for row in counted}
    return Report(
        first,
        last,
        max((row.counted_at for row in counted), default=None),
        _series(RECEIVED, stretches, daily, known),
        _series(CLOSED, stretches, daily, known),
        _total(RECEIVED, daily),
        _total(CLOSED, daily),
        {kind: _cells(kind, values) for kind, values in found.items()},
        _oldest(desk_ids, now),
    )


def _stretches(first: dt.date, last: dt.date) -> list[tuple[dt.date, dt.date]]:
    """Days of a month, weeks of a quarter, months of a year."""
    length = (last - first).days + 1
    if length > 100:
        return _months(first, last)
    step = 1 if length <= 31 else 7
    days = [first + dt.timedelta(days=n) for n in range(0, length, step)]
    return [(day, min(day + dt.timedelta(days=step - 1), last)) for day in days]


def _months(first: dt.date, last: dt.date) -> list[tuple[dt.date, dt.date]]:
    found = []
    while first <= last:
        following = (first.replace(day=1) + dt.timedelta(days=32)).replace(day=1)
        found.append((first, min(following - _NEXT, last)))
        first = following
    return found


def _series(
    kind: str,
    stretches: Sequence[tuple[dt.date, dt.date]],
    daily: Mapping[tuple[str, dt.date], int],
    known: set[dt.date],
) -> tuple[Stretch, ...]:
    days = [[first + dt.timedelta(days=n) for n in range((last - first).days + 1)] for first, last in stretches]
    return tuple(
        Stretch(first, last, sum(daily.get((kind, day), 0) for day in each), counted=bool(known.intersection(each)))
        for (first, last), each in zip(stretches, days, strict=True)
    )


def _total(kind: str, daily: Mapping[tuple[str, dt.date], int]) -> int:
    return sum(number for (of, _), number in daily.items() if of == kind)


def _cells(kind: str, values: Mapping[str, int]) -> tuple[Cell, ...]:
    """Waiting times in their order, with those that nobody waited."""
    names = [*(name for name, _ in WAITS), LONGER] if kind == FIRST_LOOK and values else sorted(values)
    return tuple(Cell(name, values.get(name, 0)) for name in names)


def _oldest(desk_ids: Sequence[str], now: dt.datetime) -> Oldest:
    """Read as the queue reads: the first line of each of its orders, however many follow."""
    unseen, unfinished = [], []
    for desk_id in desk_ids:
        for urgent in (False, True):
            mine = select(Tip.received_at).where(Tip.desk_id == desk_id, Tip.urgent.is_(urgent))
            mine = mine.order_by(Tip.received_at).limit(1)
            unseen.append(db.session.scalar(mine.where(Tip.status == "received")))
            unfinished.append(db.session.scalar(mine.where(Tip.closed.is_(False))))
    return Oldest(_days_since(unseen, now), _days_since(unfinished, now))


def _days_since(moments: Iterable[dt.datetime | None], now: dt.datetime) -> int | None:
    found = [moment for moment in moments if moment is not None]
    return (now - min(found)).days if found else None
