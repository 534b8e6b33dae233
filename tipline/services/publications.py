"""Publishing with a second administrator: at once, or in a batch. Taking something down is anybody's, and needs none.

What the two agree on is every word in every language and every picture that the public would see: whatever changes
before the second has agreed makes the proposal void.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import select

from tipline.errors import ApprovalVoid, BadInput, NotFound, WrongState
from tipline.extensions import db
from tipline.models.appeal import Appeal, Batch, BatchItem, Exhibit
from tipline.services import approvals, batch_lists, batches, digests, exhibits, publishing
from tipline.services.accounts import Person
from tipline.services.appeals import PUBLISHED
from tipline.services.approval_acts import Approved, Content, Owner, register
from tipline.services.batches import PROPOSED, PUBLISH, Plan

APPEAL, EXHIBIT = "appeal", "exhibit"


def publish_appeal(slug: str, person: Person, now: dt.datetime, reason: str) -> bool:
    """Show an appeal and its published exhibits to the public. True when that waits for a second administrator.

    Raises as ``publishing.publish`` does.
    """
    return _publish(APPEAL, publishing.appeal(slug), person, now, reason)


def publish_exhibit(ref: str, person: Person, now: dt.datetime, reason: str) -> bool:
    """Release an exhibit. True when that waits for a second administrator.

    Raises as ``exhibits.publish_exhibit`` does.
    """
    return _publish(EXHIBIT, exhibits.exhibit(ref), person, now, reason)


def plan_batch(wish: Plan, batch_id: str | None, person: Person, now: dt.datetime) -> bool:
    """Plan a batch, or the one named anew. True when it publishes and waits for a second administrator.

    Raises as ``batches.plan`` and ``batches.change`` do.
    """
    state = PROPOSED if wish.act == PUBLISH else batches.WAITING
    if batch_id is None:
        batch_id = batches.plan(wish, person, now, state=state)
    else:
        batches.change(batch_id, wish, person, now, state=state)
    if state != PROPOSED:
        return False
    content = _batch_content(db.session.get_one(Batch, batch_id))
    return approvals.propose_or_do("batch", batch_id, content, person, now)


def _publish(
    kind: str,
    found: publishing.AppealDetails | exhibits.ExhibitDetails,
    person: Person,
    now: dt.datetime,
    reason: str,
) -> bool:
    if found.state == PUBLISHED:
        raise WrongState
    if found.missing:
        raise BadInput(kind, found.missing[0])
    content = _content(kind, found.id, reason)
    return approvals.propose_or_do("publication", found.id, content, person, now)


def _content(kind: str, subject: str, reason: str) -> Content:
    return {"kind": kind, "reason": reason, "parts": _parts([(kind, subject)])}


def _present(subject: str, content: Content) -> Content | None:
    found = (Appeal, Exhibit)[content["kind"] == EXHIBIT]
    state = db.session.scalars(select(found.state).where(found.id == subject)).one_or_none()
    if state is None or state == PUBLISHED:
        return None
    return _content(content["kind"], subject, content["reason"])


def _tell(subject: str, content: Content) -> Mapping[str, Any]:
    """Title, address and what comes with it."""
    titles = batch_lists.titles([subject, *content["parts"]])
    title, ref = titles.get(subject, ("", None))
    appeal = db.session.get(Appeal, subject) if content["kind"] == APPEAL else None
    besides = sorted(titles[part][0] for part in content["parts"] if part != subject and part in titles)
    return {**content, "title": title, "ref": ref, "slug": appeal.slug if appeal else None, "besides": besides}


def _show(approved: Approved, person: Person, now: dt.datetime) -> None:
    show = publishing.show_appeal if approved.content["kind"] == APPEAL else exhibits.show_exhibit
    show(approved.subject, person.actor, now, justification=approved.content["reason"])


def _batch_content(found: Batch) -> Content:
    items = db.session.execute(select(BatchItem.kind, BatchItem.subject_id).where(BatchItem.batch_id == found.id))
    return {
        "due": "at-once" if found.reason else found.due_at.isoformat(),
        "reason": found.reason,
        "parts": _parts([(row.kind, row.subject_id) for row in items]),
    }


def _present_batch(batch_id: str, _content: Content) -> Content | None:
    found = db.session.get(Batch, batch_id)
    return None if found is None or found.state != PROPOSED else _batch_content(found)


def _tell_batch(batch_id: str, content: Content) -> Mapping[str, Any]:
    try:
        found = batch_lists.batch(batch_id)
    except NotFound:  # a batch is never deleted; a backup may lack it
        return {**content, "items": (), "due_at": None}
    return {**content, "items": found.items, "due_at": None if found.reason else found.due_at}


def _agree(approved: Approved, _person: Person, now: dt.datetime) -> None:
    """Let the batch wait for its moment. One whose moment has passed would tell by its own: it is planned anew."""
    found = db.session.get_one(Batch, approved.subject)
    if found.reason is None and found.due_at <= now:
        raise ApprovalVoid
    batches.agree(approved.subject, now, approved.content["parts"] if approved.id else {})


def _parts(items: Iterable[tuple[str, str]]) -> dict[str, str]:
    """A digest for each thing that the public would see: an appeal brings its published exhibits with it."""
    found: dict[str, str] = {}
    for kind, subject in items:
        found[subject] = digests.of(kind, subject)
        if kind == EXHIBIT:
            continue
        published = select(Exhibit.id).where(Exhibit.appeal_id == subject, Exhibit.state == PUBLISHED)
        found.update((one, digests.of(EXHIBIT, one)) for one in db.session.scalars(published))
    return found


register("publication", Owner(_present, _tell, _show, touches=lambda content: list(content["parts"])))
register("batch", Owner(_present_batch, _tell_batch, _agree, touches=lambda content: list(content["parts"])))
