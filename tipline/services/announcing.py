"""What administrators do to updates: write, word in a language, publish, withdraw. Each act is logged with it."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import select

from tipline.errors import BadInput, NotFound, WrongState
from tipline.extensions import db
from tipline.models.campaign import CampaignUpdate, CampaignUpdateText
from tipline.services import log
from tipline.services.appeals import ENGLISH, PUBLISHED
from tipline.services.html import clean_html, plain_text, without_controls
from tipline.services.publishing import CHAIN, LONGEST_TITLE, check_language, free_slug

if TYPE_CHECKING:
    from tipline.services.accounts import Person

LONGEST_BODY = 10_000
_TAKEN_BY_PAGES = frozenset({"new", "figures"})


@dataclass(frozen=True)
class UpdateWords:
    """An update's words in one language, as typed or as kept; ``body`` is cleaned on saving."""

    title: str
    body: str


@dataclass(frozen=True)
class UpdateDetails:
    """One update, whatever its state, with its words by language."""

    slug: str
    state: str
    words: dict[str, UpdateWords]
    created_at: dt.datetime
    published_at: dt.datetime | None
    changed_at: dt.datetime | None
    withdrawn_at: dt.datetime | None

    @property
    def title(self) -> str:
        """The English title, by which the desk calls it."""
        return self.words[ENGLISH].title


def updates() -> list[UpdateDetails]:
    """All updates, the newest first."""
    rows = db.session.scalars(
        select(CampaignUpdate).order_by(CampaignUpdate.created_at.desc(), CampaignUpdate.id.desc())
    ).all()
    texts: dict[str, list[CampaignUpdateText]] = {}
    for text in db.session.scalars(select(CampaignUpdateText)).all():
        texts.setdefault(text.update_id, []).append(text)
    return [_details(row, texts[row.id]) for row in rows]


def update(slug: str) -> UpdateDetails:
    """One update, whatever its state. Raises NotFound."""
    found = _find(slug)
    texts = db.session.scalars(select(CampaignUpdateText).where(CampaignUpdateText.update_id == found.id)).all()
    return _details(found, list(texts))


def write(words: UpdateWords, person: Person, now: dt.datetime) -> str:
    """A new draft with English words; returns its slug. Raises BadInput with ``title`` or ``body``."""
    slug = free_slug(words.title, CampaignUpdate.slug, _TAKEN_BY_PAGES, "update")
    made = CampaignUpdate(slug=slug, created_at=now)
    db.session.add(made)
    db.session.flush()
    _put_words(made.id, ENGLISH, words)
    log.record("update.made", chain=CHAIN, actor=person.actor, subjects=[made.id], now=now)
    return slug


def change_text(slug: str, language: str, words: UpdateWords, person: Person, now: dt.datetime) -> None:
    """Word an update in one language, for the first time or anew. Raises NotFound, BadInput."""
    found = _find(slug)
    check_language(language)
    _put_words(found.id, language, words)
    if found.published_at is not None:
        found.changed_at = now
    log.record(
        "update.changed", chain=CHAIN, actor=person.actor, subjects=[found.id], now=now, field_group=f"words:{language}"
    )


def publish(slug: str, person: Person, now: dt.datetime) -> None:
    """Show an update to the public. One that was withdrawn comes back under its first date. Raises WrongState."""
    found = _find(slug)
    if found.state == PUBLISHED:
        raise WrongState
    if found.published_at is not None:
        found.changed_at = now
    found.state, found.published_at, found.withdrawn_at = PUBLISHED, found.published_at or now, None
    log.record("update.published", chain=CHAIN, actor=person.actor, subjects=[found.id], now=now)


def withdraw(slug: str, person: Person, now: dt.datetime) -> None:
    """Take an update off the public pages and out of the feed. Raises NotFound, WrongState."""
    found = _find(slug)
    if found.state != PUBLISHED:
        raise WrongState
    found.state, found.withdrawn_at = "withdrawn", now
    log.record("update.withdrawn", chain=CHAIN, actor=person.actor, subjects=[found.id], now=now)


def _find(slug: str) -> CampaignUpdate:
    found = db.session.scalars(select(CampaignUpdate).where(CampaignUpdate.slug == slug)).one_or_none()
    if found is None:
        raise NotFound
    return found


def _details(row: CampaignUpdate, texts: list[CampaignUpdateText]) -> UpdateDetails:
    return UpdateDetails(
        slug=row.slug,
        state=row.state,
        words={text.language: UpdateWords(text.title, text.body) for text in texts},
        created_at=row.created_at,
        published_at=row.published_at,
        changed_at=row.changed_at,
        withdrawn_at=row.withdrawn_at,
    )


def _put_words(update_id: str, language: str, words: UpdateWords) -> None:
    title, body = without_controls(words.title).strip(), clean_html(words.body)
    if not title or len(title) > LONGEST_TITLE:
        raise BadInput("title", "length")
    if not plain_text(body) or len(body) > LONGEST_BODY:
        raise BadInput("body", "length")
    db.session.merge(CampaignUpdateText(update_id=update_id, language=language, title=title, body=body))
    db.session.flush()
