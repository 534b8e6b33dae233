"""Naming the founders of a desk, with a second administrator: one alone could invent all people of a new desk."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Collection, Mapping
from typing import Any

from tipline.errors import BadInput
from tipline.services import accounts, approvals, desks
from tipline.services.accounts import Person
from tipline.services.approval_acts import Approved, Content, Owner, register


def name_desk(person: Person, name: str, founders: Collection[str], now: dt.datetime) -> str | None:
    """Name a desk and the supervisors who will found it; its id, or None while a second administrator has to agree.

    Raises as ``desks.name_desk`` does.
    """
    accounts.check_administrator(person)
    shown = desks.check_naming(name, founders)
    content = {"name": shown, "founders": sorted(set(founders))}
    if approvals.propose_or_do("founders", _subject(shown), content, person, now):
        return None
    return next(desk.id for desk in desks.list_desks() if desk.name == shown)


def _subject(name: str) -> str:
    """A desk has no id before it is named: until then its name stands for it."""
    return hashlib.sha256(name.encode()).hexdigest()[:32]


def _present(_subject: str, content: Content) -> Content | None:
    try:
        desks.check_naming(content["name"], content["founders"])
    except BadInput:
        return None
    return content


def _tell(_subject: str, content: Content) -> Mapping[str, Any]:
    return {"name": content["name"], "founders": sorted(accounts.names_of(content["founders"]).values())}


def _name(approved: Approved, person: Person, now: dt.datetime) -> None:
    desks.name_desk(person, approved.content["name"], approved.content["founders"], now)


register("founders", Owner(_present, _tell, _name, touches=lambda content: content["founders"]))
