"""Taking somebody off a desk on the word of two: an administrator or supervisor asks, another one agrees."""

from __future__ import annotations

import datetime as dt

from tipline.errors import NotFound
from tipline.extensions import db
from tipline.models.desk import Desk
from tipline.services import accounts, approvals, desk_keys, desks
from tipline.services.accounts import Person
from tipline.services.approval_acts import Approved, Content, Owner, register

REMOVAL = "member-removal"


def take_off(person: Person, desk_id: str, account_id: str, now: dt.datetime) -> bool:
    """Take somebody off a desk; True when it waits for a second person, as it does for everybody who holds a key.

    Raises NotFound for somebody who is not on it and for another desk's supervisor, and NotAllowed.
    """
    desk = desk_keys.locked_desk(desk_id)
    content = _present(account_id, {"desk": desk_id})
    if content is None:
        raise NotFound
    if account_id not in desk_keys.grants_of(desk_id, desk.epoch):
        desks.remove_member(person, desk_id, account_id, now)
        return False
    approvals.propose(REMOVAL, account_id, content, person, now, desk_id=desk_id)
    return True


def _present(account_id: str, content: Content) -> Content | None:
    """Off this desk, where they are since then: whoever came back meanwhile is not taken off by it."""
    seat = desk_keys.standing_of(content["desk"], account_id)
    return None if seat is None else {"desk": seat.desk_id, "since": seat.since.isoformat()}


def _tell(account_id: str, content: Content) -> dict[str, object]:
    desk = db.session.get(Desk, content["desk"])
    return {"desk": desk.name if desk else "", "person": accounts.names_of([account_id]).get(account_id, "")}


def _remove(approved: Approved, person: Person, now: dt.datetime) -> None:
    desks.remove_member(person, approved.content["desk"], approved.subject, now, agreed=True)


register(REMOVAL, Owner(_present, _tell, _remove))
