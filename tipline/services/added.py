"""What a sender added to a tip by receipt, for the desk: each opened by a deliberate act, then shown with the tip.

An addition has a key of its own; whoever may read the tip may read it, under the same rules (SECURITY 4, 33).
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field

from sqlalchemy import bindparam, func, select, update

from tipline.extensions import db
from tipline.models.tip import Addition, Tip
from tipline.services import access, additions, desks, history
from tipline.services.access import OpenTip
from tipline.services.accounts import Person
from tipline.services.additions import Added
from tipline.services.answers import Answers

MOST_COUNTED = 1000
_WAITING = (
    select(Addition.id)
    .join(Tip, Tip.id == Addition.tip_id)
    .where(Addition.opened_at.is_(None), Tip.desk_id == bindparam("desk_id"))
    .limit(MOST_COUNTED)
)
_COUNT = select(func.count()).select_from(_WAITING.subquery())  # built once: every page of the queue asks this


@dataclass(frozen=True)
class ReadAddition:
    """One addition and its words; ``answers`` is None until somebody of the desk has opened it."""

    addition: Added
    answers: Answers | None = field(repr=False)


def read(opened: OpenTip, now: dt.datetime) -> tuple[ReadAddition, ...]:
    """The additions to a tip, oldest first, with the words of those that were opened; that look is logged."""
    listed = additions.of_tip(opened.tip.id)
    words = access.read_additions(opened, [one.id for one in listed if one.opened_at], now)
    return tuple(ReadAddition(one, words.get(one.id)) for one in listed)


def open_addition(opened: OpenTip, addition_id: str, now: dt.datetime) -> None:
    """Open an addition for the desk: from now on the tip's page shows it. Doing it again changes nothing.

    Raises NotFound for an addition to another tip.
    """
    access.key_of(opened, addition_id)
    first = db.session.execute(
        update(Addition)
        .where(Addition.id == addition_id, Addition.tip_id == opened.tip.id, Addition.opened_at.is_(None))
        .values(opened_at=now)
        .execution_options(synchronize_session="fetch")
        .returning(Addition.id)
    ).scalar_one_or_none()
    if first is not None:
        history.add(opened.tip.id, "addition.opened", actor=opened.person.actor, now=now)


def count_unopened(person: Person, desk_id: str) -> int:
    """How many additions to the tips of one's own desk nobody has opened, up to a thousand; none at another's."""
    if desk_id not in {desk.id for desk in desks.desks_of(person)}:
        return 0
    return int(db.run(_COUNT, {"desk_id": desk_id}).scalar_one())
