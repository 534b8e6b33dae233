"""Batches: appeals and exhibits that come and go together, some hours after somebody decided it.

Offenders read the public pages too: an object that vanishes an hour after a tip tells them that it was recognised. So
what is decided in a day happens at one common moment of the next, in an order that tells nothing, and the public is
always told the same sentence. ``jobs`` carries out what is due; in an emergency a batch does not wait.
"""

from __future__ import annotations

import datetime as dt
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from sqlalchemy import delete, select

from tipline.errors import BadInput, NotFound, WrongState
from tipline.extensions import db
from tipline.models.appeal import Batch, BatchItem, Exhibit
from tipline.services import digests, exhibits, log, publishing
from tipline.services.appeals import PUBLISHED
from tipline.services.publishing import CHAIN

if TYPE_CHECKING:
    from tipline.services.accounts import Person

PUBLISH, WITHDRAW, CLOSE = ACTS = ("publish", "withdraw", "close")
PROPOSED, WAITING = UNDONE = ("proposed", "waiting")
# Why something cannot wait for the common moment. Only the log and the house see it.
REASONS = ("danger", "case", "mistake", "request", "start")
SLOT_HOUR = 10  # UTC, every day
LEAST_DELAY = dt.timedelta(hours=6)
MOST_DELAY = dt.timedelta(days=366)


@dataclass(frozen=True)
class Plan:
    """What is to happen to whom, and when; ``due_at`` is None for at once, which needs a ``reason``."""

    act: str
    subject_ids: tuple[str, ...]
    due_at: dt.datetime | None
    reason: str | None = None


@dataclass(frozen=True)
class Candidate:
    """An appeal or an exhibit that an act can be planned for."""

    id: str
    kind: str  # appeal, exhibit
    title: str
    ref: str | None
    appeal_id: str
    appeal_title: str


def next_slot(now: dt.datetime) -> dt.datetime:
    """The first common moment that is far enough away."""
    earliest = now + LEAST_DELAY
    slot = earliest.replace(hour=SLOT_HOUR, minute=0, second=0, microsecond=0)
    return slot if slot >= earliest else slot + dt.timedelta(days=1)


def candidates(act: str, besides: str | None = None) -> list[Candidate]:
    """What ``act`` can be planned for now, appeals with their exhibits after them.

    Left out is what another waiting batch has, but not what the batch ``besides`` has. Raises BadInput.
    """
    if act not in ACTS:
        raise BadInput("act", "unknown")
    taken = _taken(besides)
    return [one for one in _all_candidates(act) if one.id not in taken]


def plan(wish: Plan, person: Person, now: dt.datetime, *, state: str = WAITING) -> str:
    """A new batch that waits for its moment, or is carried out at once; returns its id.

    In the ``state`` proposed it waits for a second person first, and nothing happens before ``agree``.

    Raises BadInput with ``items`` (``empty``, ``gone`` for one that is no candidate any more, ``exhibit`` for an appeal
    that would have nothing to show), ``moment`` (``soon``, ``late``) or ``reason`` (``missing``).
    """
    chosen = _check(wish, now, besides=None)
    made = Batch(
        act=wish.act,
        state=state,
        due_at=wish.due_at or now,
        reason=wish.reason,
        planned_by=person.id,
        planned_at=now,
    )
    db.session.add(made)
    db.session.flush()
    _put_items(made.id, chosen)
    _record("planned", made, person.actor, now)
    if wish.due_at is None and state == WAITING:
        carry_out(made.id, now)
    return made.id


def change(batch_id: str, wish: Plan, person: Person, now: dt.datetime, *, state: str = WAITING) -> None:
    """Plan a waiting batch anew; its act stays. Raises as ``plan``, NotFound, and WrongState when it waits no more."""
    found = _waiting(batch_id)
    if wish.act != found.act:
        raise BadInput("act", "unknown")
    chosen = _check(wish, now, besides=found.id)
    found.due_at, found.reason, found.planned_by, found.planned_at = wish.due_at or now, wish.reason, person.id, now
    found.state = state
    db.session.execute(delete(BatchItem).where(BatchItem.batch_id == found.id))
    _put_items(found.id, chosen)
    _record("changed", found, person.actor, now)
    if wish.due_at is None and state == WAITING:
        carry_out(found.id, now)


def agree(batch_id: str, now: dt.datetime, agreed: Mapping[str, str]) -> None:
    """Let a proposed batch wait for its moment; what cannot wait is carried out.

    ``agreed`` are digests by subject: what is no longer that when the moment comes is left out. Raises NotFound and
    WrongState.
    """
    found = _waiting(batch_id)
    found.state = WAITING
    for item in db.session.scalars(select(BatchItem).where(BatchItem.batch_id == found.id)):
        item.agreed = agreed.get(item.subject_id)
    if found.reason is not None:
        found.due_at = now
    db.session.flush()
    carry_out(found.id, now)


def cancel(batch_id: str, person: Person, now: dt.datetime) -> None:
    """Nothing of a waiting batch happens. Raises NotFound, and WrongState when it waits no more."""
    found = _waiting(batch_id)
    found.state, found.ended_at = "cancelled", now
    _record("cancelled", found, person.actor, now)


def due(now: dt.datetime) -> list[str]:
    """The batches whose moment has come, in the order in which they were due."""
    statement = select(Batch.id).where(Batch.state == "waiting", Batch.due_at <= now).order_by(Batch.due_at, Batch.id)
    return list(db.session.scalars(statement).all())


def carry_out(batch_id: str, now: dt.datetime) -> bool:
    """Do what a due batch says, once; False when there is nothing to do any more.

    What has become impossible meanwhile is left out and noted. The log names who planned it.
    """
    found = db.session.get(Batch, batch_id, with_for_update=True, populate_existing=True)
    if found is None or found.state != "waiting" or found.due_at > now:
        return False
    planner = log.Actor(found.planned_by, "administrator")
    items = list(db.session.scalars(select(BatchItem).where(BatchItem.batch_id == found.id)).all())
    # Exhibits before appeals: an appeal needs a published exhibit. And in no order that could be read from the log.
    secrets.SystemRandom().shuffle(items)
    for item in sorted(items, key=lambda item: item.kind == "appeal"):
        is_agreed = item.agreed is None or item.agreed == digests.of(item.kind, item.subject_id)
        item.outcome = item.outcome or (_try(_deed(found, item), planner, now, found) if is_agreed else "changed")
    if found.act == PUBLISH:
        _shuffle([item.subject_id for item in items if item.outcome == "done"])
    found.state, found.ended_at = "done", now
    _record("done", found, None, now)
    return True


def _all_candidates(act: str) -> list[Candidate]:
    found = []
    for line in publishing.appeals():
        appeal = publishing.appeal(line.slug)
        if _appeal_fits(act, appeal):
            found.append(Candidate(appeal.id, "appeal", appeal.title, None, appeal.id, appeal.title))
        found.extend(
            Candidate(one.id, "exhibit", one.title, one.ref, appeal.id, appeal.title)
            for one in exhibits.exhibits(line.slug)
            if _exhibit_fits(act, one)
        )
    return found


def _appeal_fits(act: str, appeal: publishing.AppealDetails) -> bool:
    if act == PUBLISH:  # what it shows may come with it
        return appeal.state != PUBLISHED and not set(appeal.missing) - {"exhibit"}
    return act == WITHDRAW and appeal.state == PUBLISHED


def _exhibit_fits(act: str, one: exhibits.ExhibitLine) -> bool:
    if act == PUBLISH:
        return one.state != PUBLISHED and not one.missing
    return one.state == PUBLISHED and (act == WITHDRAW or (one.needed and one.outcome is not None))


def _taken(besides: str | None) -> set[str]:
    statement = select(BatchItem.subject_id).join(Batch, Batch.id == BatchItem.batch_id).where(Batch.state.in_(UNDONE))
    return set(db.session.scalars(statement.where(Batch.id != (besides or ""))).all())


def _check(wish: Plan, now: dt.datetime, besides: str | None) -> list[Candidate]:
    """What was chosen. Raises BadInput."""
    if wish.due_at is None:
        if wish.reason not in REASONS:
            raise BadInput("reason", "missing")
    elif not now + LEAST_DELAY <= wish.due_at <= now + MOST_DELAY:
        raise BadInput("moment", "soon" if wish.due_at < now + LEAST_DELAY else "late")
    offered = {one.id: one for one in candidates(wish.act, besides)}
    if not wish.subject_ids:
        raise BadInput("items", "empty")
    if not set(wish.subject_ids) <= set(offered):
        raise BadInput("items", "gone")
    chosen = [offered[one] for one in dict.fromkeys(wish.subject_ids)]
    if wish.act == PUBLISH:
        _check_appeals(chosen)
    return chosen


def _check_appeals(chosen: Sequence[Candidate]) -> None:
    """An appeal needs an exhibit to show: one that is released already, or one of this batch."""
    filled = {one.appeal_id for one in chosen if one.kind == "exhibit"}
    statement = select(Exhibit.appeal_id).where(Exhibit.state == PUBLISHED)
    filled |= set(db.session.scalars(statement).all())
    if any(one.kind == "appeal" and one.id not in filled for one in chosen):
        raise BadInput("items", "exhibit")


def _put_items(batch_id: str, chosen: Sequence[Candidate]) -> None:
    db.session.add_all(BatchItem(batch_id=batch_id, subject_id=one.id, kind=one.kind) for one in chosen)
    db.session.flush()


def _deed(found: Batch, item: BatchItem) -> Callable[..., None]:
    deeds: dict[tuple[str, str], Callable[..., None]] = {
        (PUBLISH, "exhibit"): exhibits.show_exhibit,
        (PUBLISH, "appeal"): publishing.show_appeal,
        (WITHDRAW, "exhibit"): exhibits.hide_exhibit,
        (WITHDRAW, "appeal"): publishing.hide_appeal,
        (CLOSE, "exhibit"): exhibits.close_exhibit,
    }
    return partial(deeds[found.act, item.kind], item.subject_id)


def _try(deed: Callable[..., None], planner: log.Actor, now: dt.datetime, found: Batch) -> str:
    try:
        deed(planner, now, justification=found.reason, field_group=f"batch:{found.id}")
    except WrongState:
        return "already"
    except BadInput as refused:
        return refused.reason
    return "done"


def _shuffle(exhibit_ids: Sequence[str]) -> None:
    """Put these exhibits into one another's places within their appeals, so that places tell nothing."""
    rows = db.session.scalars(select(Exhibit).where(Exhibit.id.in_(exhibit_ids)).order_by(Exhibit.position)).all()
    for appeal_id in {row.appeal_id for row in rows}:
        mine = [row for row in rows if row.appeal_id == appeal_id]
        places = [row.position for row in mine]
        secrets.SystemRandom().shuffle(places)
        for row, place in zip(mine, places, strict=True):
            row.position = place


def _waiting(batch_id: str) -> Batch:
    found = db.session.get(Batch, batch_id, with_for_update=True, populate_existing=True)
    if found is None:
        raise NotFound
    if found.state not in UNDONE:
        raise WrongState
    return found


def _record(what: str, about: Batch, actor: log.Actor | None, now: dt.datetime) -> None:
    log.record(
        f"batch.{what}",
        chain=CHAIN,
        actor=actor,
        subjects=[about.id],
        now=now,
        field_group=about.act,
        justification=about.reason,
    )
