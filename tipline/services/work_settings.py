"""How a person works at the desk: the tip languages that they read, and whether single keys do something."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import delete, insert, select

from tipline import languages
from tipline.errors import BadInput
from tipline.extensions import db
from tipline.models.base import table_of
from tipline.models.queue import WorkSetting
from tipline.services.accounts import Person

_SETTINGS = table_of(WorkSetting)


@dataclass(frozen=True)
class WorkSettings:
    """A person's settings. ``languages``: ids of the 32 terms; empty means all of them."""

    languages: frozenset[int] = frozenset()
    keys_on: bool = True


def read(person: Person) -> WorkSettings:
    """What this person has chosen, or what holds before that."""
    row = db.run(select(_SETTINGS).where(_SETTINGS.c.account_id == person.id)).first()
    if row is None:
        return WorkSettings()
    return WorkSettings(frozenset(int(one) for one in row.languages.split(",") if one), row.keys_on)


def save(person: Person, language_ids: Collection[int], *, keys_on: bool) -> None:
    """Keep what this person has chosen. Raises BadInput for a language that is not one of the terms."""
    if any(languages.by_id(one) is None for one in language_ids):
        raise BadInput("languages", "unknown")
    listed = ",".join(str(one) for one in sorted(language_ids))
    db.run(delete(_SETTINGS).where(_SETTINGS.c.account_id == person.id))
    db.run(insert(_SETTINGS).values(account_id=person.id, languages=listed, keys_on=keys_on))
