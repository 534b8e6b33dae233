"""What the public reads of a campaign's progress: published updates, in the page's language or else in English.

Only what is published comes out of here, so this module may be used by the public door. ``announcing`` holds what
administrators do.
"""

from __future__ import annotations

import datetime as dt
import uuid
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup
from sqlalchemy import select, tuple_

from tipline.errors import NotFound
from tipline.extensions import db
from tipline.models.campaign import CampaignUpdate, CampaignUpdateText
from tipline.services.appeals import ENGLISH, PUBLISHED
from tipline.services.html import plain_text

PAGE = 12
LONGEST_OPENING = 280
_COLUMNS = (
    CampaignUpdate.id,
    CampaignUpdate.slug,
    CampaignUpdate.published_at,
    CampaignUpdate.changed_at,
)


@dataclass(frozen=True)
class Update:
    """One published update. ``language`` is that of its words, ``opening`` how it begins, on one line.

    ``entry_id`` names it in the feed of one language: it never changes, wherever the service moves (RFC 4287, 4.2.6).
    """

    slug: str
    title: str
    body: Markup
    opening: str
    language: str
    published_at: dt.datetime
    updated_at: dt.datetime
    entry_id: str

    @property
    def published_on(self) -> dt.date:
        """The day of publication."""
        return self.published_at.date()

    @property
    def changed_on(self) -> dt.date | None:
        """The day of the last change, if that was later than the day of publication."""
        return self.updated_at.date() if self.updated_at.date() > self.published_on else None


@dataclass(frozen=True)
class Page:
    """Some updates, newest first. ``older`` is the slug to go on after; ``is_older`` says that newer ones exist."""

    updates: tuple[Update, ...]
    older: str | None = None
    is_older: bool = False


def page(language: str, before: str = "") -> Page:
    """The newest updates, or those that were published before the one with this slug; an unknown slug is ignored."""
    wanted = (
        select(*_COLUMNS)
        .where(CampaignUpdate.state == PUBLISHED)
        .order_by(CampaignUpdate.published_at.desc(), CampaignUpdate.id.desc())
        .limit(PAGE + 1)
    )
    start = _published(before) if before and "\0" not in before else None  # PostgreSQL fails when asked for a NUL
    if start is not None:
        key = tuple_(CampaignUpdate.published_at, CampaignUpdate.id)
        wanted = wanted.where(key < (start.published_at, start.id))
    rows = db.session.execute(wanted).all()
    shown = rows[:PAGE]
    words = _words([row.id for row in shown], language)
    return Page(
        updates=tuple(_update(row, words[row.id], language) for row in shown if row.id in words),
        older=shown[-1].slug if len(rows) > PAGE else None,
        is_older=start is not None,
    )


def update(slug: str, language: str) -> Update:
    """One published update. Raises NotFound for every other."""
    found = _published(slug)
    words = _words([found.id], language).get(found.id) if found is not None else None
    if words is None:
        raise NotFound
    return _update(found, words, language)


def _published(slug: str) -> Any:
    return db.session.execute(
        select(*_COLUMNS).where(CampaignUpdate.slug == slug, CampaignUpdate.state == PUBLISHED)
    ).one_or_none()


def _update(row: Any, words: CampaignUpdateText, language: str) -> Update:
    text = plain_text(words.body)
    return Update(
        slug=row.slug,
        title=words.title,
        body=Markup(words.body),  # noqa: S704 - cleaned by services/html when it was saved
        opening=text if len(text) <= LONGEST_OPENING else text[:LONGEST_OPENING].rpartition(" ")[0] + " …",
        language=words.language,
        published_at=row.published_at,
        updated_at=max(row.published_at, row.changed_at or row.published_at),
        entry_id=uuid.uuid5(uuid.UUID(row.id), language).urn,
    )


def _words(ids: list[str], language: str) -> dict[str, CampaignUpdateText]:
    """The words of each update in the language, else in English."""
    rows = db.session.scalars(
        select(CampaignUpdateText).where(
            CampaignUpdateText.update_id.in_(ids), CampaignUpdateText.language.in_({language, ENGLISH})
        )
    ).all()
    return {row.update_id: row for row in sorted(rows, key=lambda row: row.language == language)}
