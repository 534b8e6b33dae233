"""Which tips a person has read: those that they once gave a reason for opening. Nothing is stored for it."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import bindparam, select

from tipline.extensions import db
from tipline.models.base import table_of
from tipline.models.tip import Consultation
from tipline.services.accounts import Person

_LOOK = table_of(Consultation).c
_READ = select(_LOOK.tip_id).where(
    _LOOK.tip_id.in_(bindparam("wanted", expanding=True)),
    _LOOK.account_id == bindparam("person"),
    _LOOK.kind == "content",
)


def read_by(person: Person, tip_ids: Sequence[str]) -> frozenset[str]:
    """Those of these tips that this person has opened before."""
    if not tip_ids:
        return frozenset()
    return frozenset(row.tip_id for row in db.run(_READ, {"wanted": list(tip_ids), "person": person.id}))
