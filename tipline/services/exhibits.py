"""What administrators do to exhibits: make, word, picture, order, publish, close, withdraw. Each is logged."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Unpack

from sqlalchemy import func, select

from tipline.crypto.receipts import new_reference
from tipline.errors import BadInput, NotFound, WrongState
from tipline.extensions import db
from tipline.models.appeal import Appeal, AppealText, Exhibit, ExhibitText
from tipline.services import log, pictures
from tipline.services.appeals import CLOSED, ENGLISH, OPEN, PUBLISHED, Pictures, pictures_of
from tipline.services.html import clean_html, plain_text
from tipline.services.publishing import CHAIN, check_language, stay_hidden

if TYPE_CHECKING:
    from tipline.services.accounts import Person

LONGEST_TITLE = 200
LONGEST_LINE = 300
LONGEST_DESCRIPTION = 5_000
# Why tips are no longer needed. That a thing is sold everywhere is a result too: it ends a search.
OUTCOMES = ("identified_country", "identified_region", "eliminated_too_common", "solved", "withdrawn")


@dataclass(frozen=True)
class ExhibitWords:
    """An exhibit's words in one language; ``description`` is cleaned on saving, ``alt`` says what the picture shows."""

    title: str
    question: str
    description: str
    alt: str


@dataclass(frozen=True)
class ExhibitLine:
    """One exhibit in the list of its appeal."""

    id: str
    ref: str
    title: str
    state: str
    needed: bool
    outcome: str | None
    missing: tuple[str, ...]  # words, picture
    languages: tuple[str, ...]
    pictures: Pictures


@dataclass(frozen=True)
class ExhibitDetails:
    """One exhibit with its words by language and what still stands between it and the public."""

    id: str
    ref: str
    state: str
    needed: bool
    outcome: str | None
    appeal_slug: str
    appeal_title: str
    appeal_state: str
    words: dict[str, ExhibitWords]
    pictures: Pictures
    missing: tuple[str, ...]

    @property
    def title(self) -> str:
        """The English title, by which the desk calls it."""
        return self.words[ENGLISH].title if ENGLISH in self.words else self.ref


def exhibits(slug: str) -> list[ExhibitLine]:
    """All exhibits of an appeal in their order. Raises NotFound for an unknown appeal."""
    rows = db.session.scalars(
        select(Exhibit).where(Exhibit.appeal_id == _appeal(slug).id).order_by(Exhibit.position, Exhibit.id)
    ).all()
    ids = [row.id for row in rows]
    shown = pictures_of(ids)
    texts: dict[str, dict[str, ExhibitText]] = {}
    for text in db.session.scalars(select(ExhibitText).where(ExhibitText.exhibit_id.in_(ids))).all():
        texts.setdefault(text.exhibit_id, {})[text.language] = text
    lines = []
    for row in rows:
        words, picture = texts.get(row.id, {}), shown.get(row.id, Pictures())
        title = words[ENGLISH].title if ENGLISH in words else row.ref
        missing = _lacks(has_words=ENGLISH in words, has_picture=bool(picture))
        lines.append(
            ExhibitLine(
                row.id,
                row.ref,
                title,
                row.state,
                row.need == OPEN,
                row.outcome,
                missing,
                tuple(sorted(words)),
                picture,
            )
        )
    return lines


def exhibit(ref: str) -> ExhibitDetails:
    """One exhibit, whatever its state. Raises NotFound."""
    found = _find(ref)
    appeal = db.session.get_one(Appeal, found.appeal_id)
    title = db.session.get(AppealText, (appeal.id, ENGLISH))
    texts = db.session.scalars(select(ExhibitText).where(ExhibitText.exhibit_id == found.id)).all()
    words = {text.language: ExhibitWords(text.title, text.question, text.description, text.alt) for text in texts}
    shown = pictures_of([found.id]).get(found.id, Pictures())
    return ExhibitDetails(
        id=found.id,
        ref=found.ref,
        state=found.state,
        needed=found.need == OPEN,
        outcome=found.outcome,
        appeal_slug=appeal.slug,
        appeal_title=title.title if title else appeal.slug,
        appeal_state=appeal.state,
        words=words,
        pictures=shown,
        missing=_lacks(has_words=ENGLISH in words, has_picture=bool(shown)),
    )


def make_exhibit(slug: str, words: ExhibitWords, person: Person, now: dt.datetime) -> str:
    """A new draft at the end of an appeal, with English words; returns its reference. Raises NotFound, BadInput."""
    appeal = _appeal(slug)
    last = select(func.coalesce(func.max(Exhibit.position), 0)).where(Exhibit.appeal_id == appeal.id)
    made = Exhibit(
        ref=new_reference(), appeal_id=appeal.id, created_at=now, position=db.session.scalars(last).one() + 1
    )
    db.session.add(made)
    db.session.flush()
    _put_words(made.id, ENGLISH, words)
    log.record("exhibit.made", chain=CHAIN, actor=person.actor, subjects=[made.id], now=now)
    return made.ref


def change_exhibit_text(ref: str, language: str, words: ExhibitWords, person: Person, now: dt.datetime) -> None:
    """Word an exhibit in one language, for the first time or anew. Raises NotFound, BadInput."""
    found = _find(ref)
    check_language(language)
    _put_words(found.id, language, words)
    _changed(found, f"words:{language}", person, now)


def change_picture(
    ref: str, rendered: Iterable[pictures.Rendered], person: Person, now: dt.datetime
) -> tuple[str, ...]:
    """Give an exhibit its picture, as ``pictures.render`` made it. Raises NotFound.

    Returns the file names that were replaced, for ``pictures.discard`` after the commit.
    """
    found = _find(ref)
    replaced = pictures.keep(found.id, rendered)
    _changed(found, "picture", person, now)
    return replaced


def move_exhibit(ref: str, direction: str, person: Person, now: dt.datetime) -> None:
    """Move an exhibit one place ``up`` or ``down`` in its appeal; at the end of the list nothing changes.

    Raises NotFound, and BadInput for any other direction.
    """
    if direction not in {"up", "down"}:
        raise BadInput("direction", "unknown")
    found = _find(ref)
    order = list(
        db.session.scalars(
            select(Exhibit).where(Exhibit.appeal_id == found.appeal_id).order_by(Exhibit.position, Exhibit.id)
        ).all()
    )
    place = order.index(found)
    other = place + (1 if direction == "down" else -1)
    if not 0 <= other < len(order):
        return
    order[place], order[other] = order[other], order[place]
    for position, one in enumerate(order, start=1):
        one.position = position
    _changed(found, "order", person, now)


def record_outcome(ref: str, outcome: str, person: Person, now: dt.datetime) -> None:
    """Note what became of an exhibit, for the house alone. Raises NotFound, BadInput."""
    found = _find(ref)
    if outcome not in OUTCOMES:
        raise BadInput("outcome", "unknown")
    found.outcome = outcome
    _changed(found, f"outcome:{outcome}", person, now)


def reopen_exhibit(ref: str, person: Person, now: dt.datetime) -> None:
    """Ask the public for tips about an exhibit again; its outcome goes. Raises NotFound, WrongState."""
    found = _find(ref)
    if found.need == OPEN and found.outcome is None:
        raise WrongState
    found.need, found.outcome = OPEN, None
    log.record("exhibit.reopened", chain=CHAIN, actor=person.actor, subjects=[found.id], now=now)


def publish_exhibit(ref: str, person: Person, now: dt.datetime, reason: str | None = None) -> None:
    """Release an exhibit at once; ``batches`` is the usual way. Raises as ``show_exhibit``, and NotFound."""
    show_exhibit(_find(ref).id, person.actor, now, justification=reason)


def withdraw_exhibit(ref: str, person: Person, now: dt.datetime, reason: str | None = None) -> None:
    """Take an exhibit off the public pages at once, its picture with it. Raises NotFound, WrongState."""
    hide_exhibit(_find(ref).id, person.actor, now, justification=reason)


def show_exhibit(exhibit_id: str, actor: log.Actor, now: dt.datetime, **told: Unpack[log.Codes]) -> None:
    """Release an exhibit; the public sees it as soon as, and as long as, its appeal is published too.

    ``told`` goes into the log. Raises BadInput with ``exhibit`` and what is missing (English ``words`` or a
    ``picture``), and WrongState when it is published already.
    """
    found = db.session.get_one(Exhibit, exhibit_id)
    if found.state == PUBLISHED:
        raise WrongState
    missing = exhibit(found.ref).missing
    if missing:
        raise BadInput("exhibit", missing[0])
    found.state, found.published_on, found.withdrawn_on = PUBLISHED, now.date(), None
    log.record("exhibit.published", chain=CHAIN, actor=actor, subjects=[found.id], now=now, **told)


def hide_exhibit(exhibit_id: str, actor: log.Actor, now: dt.datetime, **told: Unpack[log.Codes]) -> None:
    """Take an exhibit off the public pages, its picture with it. Raises WrongState."""
    found = db.session.get_one(Exhibit, exhibit_id)
    if found.state != PUBLISHED:
        raise WrongState
    found.state, found.withdrawn_on = "withdrawn", now.date()
    stay_hidden(found.id)
    log.record("exhibit.withdrawn", chain=CHAIN, actor=actor, subjects=[found.id], now=now, **told)


def close_exhibit(exhibit_id: str, actor: log.Actor, now: dt.datetime, **told: Unpack[log.Codes]) -> None:
    """Tell the public that tips about an exhibit are no longer needed; why is not told.

    Raises BadInput with ``exhibit`` while no ``outcome`` is recorded, and WrongState when it is closed already.
    """
    found = db.session.get_one(Exhibit, exhibit_id)
    if found.need != OPEN:
        raise WrongState
    if found.outcome is None:
        raise BadInput("exhibit", "outcome")
    found.need = CLOSED
    log.record("exhibit.closed", chain=CHAIN, actor=actor, subjects=[found.id], now=now, **told)


def _lacks(*, has_words: bool, has_picture: bool) -> tuple[str, ...]:
    return tuple(name for name, there in (("words", has_words), ("picture", has_picture)) if not there)


def _changed(found: Exhibit, what: str, person: Person, now: dt.datetime) -> None:
    log.record("exhibit.changed", chain=CHAIN, actor=person.actor, subjects=[found.id], now=now, field_group=what)


def _put_words(exhibit_id: str, language: str, words: ExhibitWords) -> None:
    lines = {"title": words.title.strip(), "question": words.question.strip(), "alt": words.alt.strip()}
    for name, value in lines.items():
        if not value or len(value) > (LONGEST_TITLE if name == "title" else LONGEST_LINE):
            raise BadInput(name, "length")
    description = clean_html(words.description)
    if not plain_text(description) or len(description) > LONGEST_DESCRIPTION:
        raise BadInput("description", "length")
    db.session.merge(ExhibitText(exhibit_id=exhibit_id, language=language, description=description, **lines))
    db.session.flush()


def _appeal(slug: str) -> Appeal:
    found = db.session.scalars(select(Appeal).where(Appeal.slug == slug)).one_or_none()
    if found is None:
        raise NotFound
    return found


def _find(ref: str) -> Exhibit:
    found = db.session.scalars(select(Exhibit).where(Exhibit.ref == ref)).one_or_none()
    if found is None:
        raise NotFound
    return found
