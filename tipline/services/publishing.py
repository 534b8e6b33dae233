"""What administrators do to appeals: make, word, publish, withdraw. Each act is logged in its own transaction."""

from __future__ import annotations

import datetime as dt
import re
import secrets
import unicodedata
from collections.abc import Collection
from dataclasses import dataclass
from typing import TYPE_CHECKING, Unpack

from sqlalchemy import func, select, update
from sqlalchemy.orm import InstrumentedAttribute

from tipline.errors import BadInput, NotFound, WrongState
from tipline.extensions import db
from tipline.languages import UI_LANGUAGES
from tipline.models.appeal import Appeal, AppealText, Batch, BatchItem, Exhibit
from tipline.models.desk import Desk, DeskEpoch, DeskMember, Grant, RecoveryCode
from tipline.services import log
from tipline.services.appeals import ENGLISH, PUBLISHED
from tipline.services.html import clean_html, plain_text

if TYPE_CHECKING:
    from tipline.services.accounts import Person

CHAIN = "admin"
_TAKEN_BY_PAGES = frozenset({"new", "exhibits", "batches"})
LONGEST_TITLE = 200
LONGEST_INTRODUCTION = 5_000
_LANGUAGES = frozenset(language.tag for language in UI_LANGUAGES)
_NOT_SLUG = re.compile(r"[^a-z0-9]+")


@dataclass(frozen=True)
class AppealWords:
    """An appeal's words in one language, as typed or as kept; ``introduction`` is cleaned on saving."""

    title: str
    introduction: str


@dataclass(frozen=True)
class AppealLine:
    """One appeal in the list of all."""

    slug: str
    title: str
    desk_name: str
    state: str
    exhibits: int
    published_exhibits: int


@dataclass(frozen=True)
class AppealDetails:
    """One appeal with its words by language, and what still stands between it and the public."""

    id: str
    slug: str
    state: str
    desk_name: str
    words: dict[str, AppealWords]
    missing: tuple[str, ...]  # words, exhibit, desk
    published_at: dt.datetime | None
    withdrawn_at: dt.datetime | None

    @property
    def title(self) -> str:
        """The English title, by which the desk calls it."""
        return self.words[ENGLISH].title if ENGLISH in self.words else self.slug


def appeals() -> list[AppealLine]:
    """All appeals in their order, drafts and withdrawn ones too."""
    shown = func.count(Exhibit.id).filter(Exhibit.state == PUBLISHED)
    rows = db.session.execute(
        select(Appeal.slug, AppealText.title, Desk.name, Appeal.state, func.count(Exhibit.id), shown)
        .join(Desk, Desk.id == Appeal.desk_id)
        .outerjoin(AppealText, (AppealText.appeal_id == Appeal.id) & (AppealText.language == ENGLISH))
        .outerjoin(Exhibit, Exhibit.appeal_id == Appeal.id)
        .group_by(Appeal.id, Appeal.slug, AppealText.title, Desk.name, Appeal.state, Appeal.position)
        .order_by(Appeal.position, Appeal.id)
    ).all()
    return [AppealLine(slug, title or slug, desk, state, all_, some) for slug, title, desk, state, all_, some in rows]


def appeal(slug: str) -> AppealDetails:
    """One appeal, whatever its state. Raises NotFound."""
    found = _find(slug)
    texts = db.session.scalars(select(AppealText).where(AppealText.appeal_id == found.id)).all()
    return AppealDetails(
        id=found.id,
        slug=found.slug,
        state=found.state,
        desk_name=db.session.scalars(select(Desk.name).where(Desk.id == found.desk_id)).one(),
        words={text.language: AppealWords(text.title, text.introduction) for text in texts},
        missing=_missing(found),
        published_at=found.published_at,
        withdrawn_at=found.withdrawn_at,
    )


def desks() -> list[tuple[str, str]]:
    """Id and name of every desk, for the choice that an appeal makes once."""
    return [(row.id, row.name) for row in db.session.execute(select(Desk.id, Desk.name).order_by(Desk.name)).all()]


def make_appeal(desk_id: str, words: AppealWords, person: Person, now: dt.datetime) -> str:
    """A new draft with English words; returns its slug. Raises BadInput for a desk that is not there or words."""
    if db.session.get(Desk, desk_id) is None:
        raise BadInput("desk", "unknown")
    slug = free_slug(words.title, Appeal.slug, _TAKEN_BY_PAGES, "appeal")
    made = Appeal(slug=slug, desk_id=desk_id, created_at=now, position=_last_position() + 1)
    db.session.add(made)
    db.session.flush()
    _put_words(made.id, ENGLISH, words)
    log.record("appeal.made", chain=CHAIN, actor=person.actor, subjects=[made.id], now=now)
    return made.slug


def change_appeal_text(slug: str, language: str, words: AppealWords, person: Person, now: dt.datetime) -> None:
    """Word an appeal in one language, for the first time or anew. Raises NotFound, BadInput."""
    found = _find(slug)
    check_language(language)
    _put_words(found.id, language, words)
    log.record(
        "appeal.changed", chain=CHAIN, actor=person.actor, subjects=[found.id], now=now, field_group=f"words:{language}"
    )


def publish(slug: str, person: Person, now: dt.datetime, reason: str | None = None) -> None:
    """Show an appeal and its published exhibits to the public at once; ``batches`` is the usual way.

    Raises as ``show_appeal``, and NotFound.
    """
    show_appeal(_find(slug).id, person.actor, now, justification=reason)


def withdraw(slug: str, person: Person, now: dt.datetime, reason: str | None = None) -> None:
    """Take an appeal and all its exhibits off the public pages at once. Raises NotFound, WrongState."""
    hide_appeal(_find(slug).id, person.actor, now, justification=reason)


def show_appeal(appeal_id: str, actor: log.Actor, now: dt.datetime, **told: Unpack[log.Codes]) -> None:
    """Show an appeal and its published exhibits to the public; ``told`` goes into the log.

    Raises BadInput with ``appeal`` and the first thing missing: English ``words``, a published ``exhibit``, or an open
    ``desk`` (SECURITY 7), and WrongState when it is published already.
    """
    found = db.session.get_one(Appeal, appeal_id)
    if found.state == PUBLISHED:
        raise WrongState
    missing = _missing(found)
    if missing:
        raise BadInput("appeal", missing[0])
    found.state, found.published_at, found.withdrawn_at = PUBLISHED, now, None
    log.record("appeal.published", chain=CHAIN, actor=actor, subjects=[found.id], now=now, **told)


def hide_appeal(appeal_id: str, actor: log.Actor, now: dt.datetime, **told: Unpack[log.Codes]) -> None:
    """Take an appeal and all its exhibits off the public pages. Raises WrongState."""
    found = db.session.get_one(Appeal, appeal_id)
    if found.state != PUBLISHED:
        raise WrongState
    found.state, found.withdrawn_at = "withdrawn", now
    stay_hidden(found.id)
    log.record("appeal.withdrawn", chain=CHAIN, actor=actor, subjects=[found.id], now=now, **told)


def stay_hidden(subject_id: str) -> None:
    """No batch that waits brings this appeal or exhibit back by itself: it may have been withdrawn for a danger."""
    waiting = select(Batch.id).where(Batch.state == "waiting", Batch.act == "publish")
    mine = update(BatchItem).where(BatchItem.subject_id == subject_id, BatchItem.batch_id.in_(waiting))
    db.session.execute(mine.values(outcome="withdrawn"))


def check_language(language: str) -> None:
    """Return if pages could be in this language. Raises BadInput otherwise."""
    if language not in _LANGUAGES:
        raise BadInput("language", "unknown")


def is_open(desk_id: str) -> bool:
    """Whether a desk can take tips: keys, two members who hold one, both recovery codes confirmed (SECURITY 7).

    Asked of the tables, not of the services of desks, which the public door must not reach.
    """
    epoch = db.session.scalars(
        select(DeskEpoch.epoch)
        .join(Desk, (Desk.id == DeskEpoch.desk_id) & (Desk.epoch == DeskEpoch.epoch))
        .where(Desk.id == desk_id, Desk.state == "open", DeskEpoch.state == "current")
    ).one_or_none()
    if epoch is None:
        return False
    members = db.session.scalars(
        select(func.count(Grant.account_id.distinct()))
        .join(DeskMember, (DeskMember.desk_id == Grant.desk_id) & (DeskMember.account_id == Grant.account_id))
        .where(Grant.desk_id == desk_id, Grant.epoch == epoch, Grant.kind == "content", DeskMember.standing != "left")
    ).one()
    confirmed = db.session.scalars(
        select(func.count(RecoveryCode.kind.distinct())).where(
            RecoveryCode.desk_id == desk_id,
            RecoveryCode.epoch == epoch,
            RecoveryCode.confirmed_at.is_not(None),
            RecoveryCode.used_at.is_(None),
        )
    ).one()
    return members >= 2 and confirmed == 2


def _missing(found: Appeal) -> tuple[str, ...]:
    """What stands between an appeal and the public: words, exhibit, desk."""
    has_words = db.session.get(AppealText, (found.id, ENGLISH)) is not None
    has_exhibit = db.session.execute(
        select(Exhibit.id).where(Exhibit.appeal_id == found.id, Exhibit.state == PUBLISHED).limit(1)
    ).first()
    wanted = {"words": has_words, "exhibit": has_exhibit is not None, "desk": is_open(found.desk_id)}
    return tuple(name for name, there in wanted.items() if not there)


def _find(slug: str) -> Appeal:
    found = db.session.scalars(select(Appeal).where(Appeal.slug == slug)).one_or_none()
    if found is None:
        raise NotFound
    return found


def _put_words(appeal_id: str, language: str, words: AppealWords) -> None:
    title, introduction = words.title.strip(), clean_html(words.introduction)
    if not title or len(title) > LONGEST_TITLE:
        raise BadInput("title", "length")
    if not plain_text(introduction) or len(introduction) > LONGEST_INTRODUCTION:
        raise BadInput("introduction", "length")
    db.session.merge(AppealText(appeal_id=appeal_id, language=language, title=title, introduction=introduction))
    db.session.flush()


def free_slug(title: str, column: InstrumentedAttribute[str], reserved: Collection[str], otherwise: str) -> str:
    """A title as the part of an address that no row of ``column`` has yet; ``reserved`` are names of pages.

    ``otherwise`` stands for a title without a Latin letter.
    """
    ascii_only = unicodedata.normalize("NFKD", title).encode("ascii", "ignore").decode("ascii").lower()
    slug = _NOT_SLUG.sub("-", ascii_only).strip("-")[:45].strip("-") or otherwise
    taken = db.session.execute(select(column).where(column == slug)).first()
    return slug if taken is None and slug not in reserved else f"{slug}-{secrets.token_hex(3)}"


def _last_position() -> int:
    return db.session.scalars(select(func.coalesce(func.max(Appeal.position), 0))).one()
