"""The acts that need two people, as a table: who may propose one, who may approve it, and what edits the thing.

The service that owns an act registers what the content is at this moment, how it is told in words, and what happens on
approval. Without such a deed the act stays with the two people: one of them carries it out with ``approvals.use``.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tipline.roles import DESK_ROLES, Role
from tipline.services.accounts import Person

Content = Mapping[str, Any]  # what is approved, as JSON: codes, ids, digests and dates, never what a person wrote

_ADMINISTRATOR, _SUPERVISOR = frozenset({Role.ADMINISTRATOR}), frozenset({Role.SUPERVISOR})
_EITHER = _ADMINISTRATOR | _SUPERVISOR


@dataclass(frozen=True)
class Act:
    """Who may propose, who may approve, and by which log events of which chain the thing is edited."""

    proposers: frozenset[Role]
    approvers: frozenset[Role]
    chain: str
    edits: frozenset[str] = frozenset()
    keyless: bool = False  # whoever proposes may hold no key of the desk: the owner of the act knows who they are


def _among_administrators(*edits: str) -> Act:
    """An act of one administrator and another; an instance that has only one does it alone, and the log says so."""
    return Act(_ADMINISTRATOR, _ADMINISTRATOR, "admin", frozenset(edits))


ACTS: Mapping[str, Act] = {
    # Subjects: account, account, account, a desk's name, appeal or exhibit, batch.
    "roles": _among_administrators("role.changed"),
    "removal": _among_administrators("role.changed"),
    "new-password": _among_administrators("role.changed"),
    "founders": _among_administrators("role.changed"),
    "publication": _among_administrators("appeal.changed", "exhibit.changed"),
    "batch": _among_administrators("batch.changed", "appeal.changed", "exhibit.changed"),
    # Of a desk's people; subjects: hold, attachment.
    "long-hold": Act(_SUPERVISOR, _SUPERVISOR, "staff"),
    "quarantine": Act(DESK_ROLES, _SUPERVISOR, "staff"),
    # Of a desk's keys; subjects: account, desk, desk, recovery code.
    "member-removal": Act(_EITHER, _EITHER, "staff"),
    "epoch": Act(_SUPERVISOR, _SUPERVISOR, "staff"),
    "codes": Act(_SUPERVISOR, _SUPERVISOR, "staff"),
    "recovery": Act(_SUPERVISOR, _EITHER, "staff", keyless=True),
}
# Everybody who may ever decide on something: others are not even asked for.
DECIDERS = frozenset[Role]().union(*(act.approvers for act in ACTS.values()))


@dataclass(frozen=True)
class Approved:
    """An act that two people agreed on, or that one did alone where there is nobody else (``id`` is empty)."""

    id: str
    act: str
    subject: str
    content: Content
    desk_id: str
    proposed_by: str


@dataclass(frozen=True)
class Owner:
    """What the service that owns an act knows of it.

    ``present``: what the content would be at this moment, None when it cannot be done any more; another content than
    the proposed one makes an approval void. ``tell``: plain values for ``templates/staff/approvals/acts/<act>.html``.
    ``do``: what happens on approval, in the approver's request; None leaves it to ``approvals.use``. ``touches``: the
    ids whose edits count beside the subject.
    """

    present: Callable[[str, Content], Content | None]
    tell: Callable[[str, Content], Mapping[str, Any]]
    do: Callable[[Approved, Person, dt.datetime], None] | None = None
    touches: Callable[[Content], Sequence[str]] = lambda _content: ()


_OWNERS: dict[str, Owner] = {}


def register(act: str, owner: Owner) -> None:
    """Say what an act is: once, by the service that owns it, when it is imported. Raises ValueError."""
    if act not in ACTS or act in _OWNERS:
        raise ValueError(f"{act} cannot be registered")
    _OWNERS[act] = owner


def owner_of(act: str) -> Owner:
    """The owner of an act; its service has been imported by every door that shows it."""
    return _OWNERS[act]
