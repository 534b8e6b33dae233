"""Filters of the queue that somebody kept, for themselves or for the whole desk. Their names are sealed to the desk."""

from __future__ import annotations

from dataclasses import dataclass, field

from sqlalchemy import delete, insert, or_, select

from tipline.errors import BadInput, NotAllowed, NotFound
from tipline.extensions import db
from tipline.models.base import new_id, table_of
from tipline.models.queue import SavedView
from tipline.roles import Role
from tipline.services import desk_words, desks
from tipline.services.accounts import Person

MOST = 30  # that one person sees at a desk
LONGEST = 30
LONGEST_QUERY = 400
GONE = "View without a name"
_VIEWS = table_of(SavedView)
_V = _VIEWS.c


@dataclass(frozen=True)
class View:
    """A kept filter. ``query``: the codes and ids of its address; ``mine``: whether this person may take it away."""

    id: str
    name: str = field(repr=False)
    query: str
    shared: bool
    mine: bool


def of_desk(person: Person, desk_id: str) -> tuple[View, ...]:
    """The views that a person has at a desk: their own, then the shared ones, by name. Raises NotFound."""
    _check_desk(person, desk_id)
    wanted = select(_VIEWS).where(_V.desk_id == desk_id, or_(_V.account_id.is_(None), _V.account_id == person.id))
    rows = db.run(wanted).all()
    names = desk_words.read(person, desk_id) if rows else {}
    found = [
        View(row.id, names.get(row.id, GONE), row.query, row.account_id is None, _may_remove(person, row.made_by))
        for row in rows
    ]
    return tuple(sorted(found, key=lambda one: (one.shared, one.name.casefold(), one.id)))


def save(person: Person, desk_id: str, name: str, query: str, *, shared: bool) -> str:
    """Keep a filter under a name. Raises BadInput (name missing, long or taken; too many; query) and NotFound."""
    known = of_desk(person, desk_id)
    if not name.strip():
        raise BadInput("view_name", "missing")
    if len(name) > LONGEST:
        raise BadInput("view_name", "long")
    if name.strip().casefold() in {one.name.casefold() for one in known}:
        raise BadInput("view_name", "taken")
    if len(known) >= MOST or len(query) > LONGEST_QUERY:
        raise BadInput("view_name", "too-many")
    view_id = new_id()
    owner = None if shared else person.id
    db.run(insert(_VIEWS).values(id=view_id, desk_id=desk_id, account_id=owner, query=query, made_by=person.id))
    desk_words.write(person, desk_id, view_id, name.strip())
    return view_id


def remove(person: Person, view_id: str) -> None:
    """Take a view away: one's own; a shared one whoever made it, or a supervisor. Raises NotFound, NotAllowed."""
    row = db.run(select(_VIEWS).where(_V.id == view_id)).first()
    if row is None or row.account_id not in (None, person.id):
        raise NotFound
    _check_desk(person, row.desk_id)
    if not _may_remove(person, row.made_by):
        raise NotAllowed
    db.run(delete(_VIEWS).where(_V.id == view_id))
    desk_words.write(person, row.desk_id, view_id, None)


def _may_remove(person: Person, made_by: str) -> bool:
    return made_by == person.id or Role.SUPERVISOR in person.roles


def _check_desk(person: Person, desk_id: str) -> None:
    if desk_id not in {desk.id for desk in desks.desks_of(person)}:
        raise NotFound
