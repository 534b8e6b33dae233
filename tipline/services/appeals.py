"""What the public sees of appeals and exhibits: plain values, in the page's language or else in English.

Only what is published comes out of here, so this module may be used by the public door. ``publishing`` and
``exhibits`` hold what administrators do.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup
from sqlalchemy import select

from tipline.errors import NotFound
from tipline.extensions import db
from tipline.models.appeal import Appeal, AppealText, Exhibit, ExhibitPicture, ExhibitText

ENGLISH = "en"
PUBLISHED = "published"
EXTENSIONS = {"image/webp": "webp", "image/jpeg": "jpg"}
_MEDIA_TYPES = {extension: media_type for media_type, extension in EXTENSIONS.items()}


@dataclass(frozen=True)
class Picture:
    """One rendering of an exhibit's picture; ``filename`` is the last part of its address, ``/pictures/…``."""

    size: str  # small, medium, large
    media_type: str
    digest: str
    width: int
    height: int

    @property
    def filename(self) -> str:
        """Digest and extension: the same name always means the same bytes."""
        return f"{self.digest}.{EXTENSIONS[self.media_type]}"


@dataclass(frozen=True)
class Pictures:
    """All renderings of one picture: three sizes, each as WebP and as JPEG for browsers without it."""

    webp: tuple[Picture, ...] = ()
    jpeg: tuple[Picture, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.jpeg)

    def of(self, size: str) -> Picture:
        """The JPEG of one size, which every browser shows. Raises NotFound when there is no picture."""
        for picture in self.jpeg:
            if picture.size == size:
                return picture
        raise NotFound


@dataclass(frozen=True)
class GalleryExhibit:
    """An exhibit as a card. ``language`` is that of its words, which may be English on another language's page."""

    ref: str
    title: str
    question: str
    alt: str
    language: str
    pictures: Pictures


@dataclass(frozen=True)
class GalleryAppeal:
    """A published appeal and its published exhibits, in their order. ``introduction`` is cleaned HTML."""

    slug: str
    title: str
    introduction: Markup
    language: str
    exhibits: tuple[GalleryExhibit, ...]


@dataclass(frozen=True)
class ExhibitPage:
    """One exhibit with everything its page shows. ``description`` is cleaned HTML."""

    ref: str
    title: str
    question: str
    description: Markup
    alt: str
    language: str
    pictures: Pictures
    appeal_slug: str
    appeal_title: str
    appeal_language: str


@dataclass(frozen=True)
class PublishedExhibit:
    """What a tip to an exhibit needs to know: its ids, its desk and how to call it."""

    id: str
    ref: str
    appeal_id: str
    desk_id: str
    title: str
    language: str


def gallery(language: str) -> list[GalleryAppeal]:
    """Every published appeal with its published exhibits, in their order; an appeal may be without any."""
    appeals = db.session.execute(
        select(Appeal.id, Appeal.slug).where(Appeal.state == PUBLISHED).order_by(Appeal.position, Appeal.id)
    ).all()
    if not appeals:
        return []
    ids = [row.id for row in appeals]
    words = appeal_words(ids, language)
    exhibits = _gallery_exhibits(ids, language)
    return [
        GalleryAppeal(
            slug=row.slug,
            title=words[row.id].title,
            introduction=Markup(words[row.id].introduction),  # noqa: S704 - cleaned by services/html when it was saved
            language=words[row.id].language,
            exhibits=tuple(exhibits.get(row.id, ())),
        )
        for row in appeals
        if row.id in words
    ]


def exhibit_page(ref: str, language: str) -> ExhibitPage:
    """One published exhibit of a published appeal. Raises NotFound for every other."""
    found = _published(ref)
    words = exhibit_words([found.id], language).get(found.id)
    appeal = appeal_words([found.appeal_id], language).get(found.appeal_id)
    if words is None or appeal is None:
        raise NotFound
    return ExhibitPage(
        ref=found.ref,
        title=words.title,
        question=words.question,
        description=Markup(words.description),  # noqa: S704 - cleaned by services/html when it was saved
        alt=words.alt,
        language=words.language,
        pictures=pictures_of([found.id]).get(found.id, Pictures()),
        appeal_slug=found.slug,
        appeal_title=appeal.title,
        appeal_language=appeal.language,
    )


def published_exhibit(ref: str, language: str = ENGLISH) -> PublishedExhibit:
    """The exhibit that a tip is about, in two reads. Raises NotFound unless it and its appeal are published."""
    found = _published(ref)
    words = exhibit_words([found.id], language).get(found.id)
    if words is None:
        raise NotFound
    return PublishedExhibit(
        id=found.id,
        ref=found.ref,
        appeal_id=found.appeal_id,
        desk_id=found.desk_id,
        title=words.title,
        language=words.language,
    )


def public_picture(filename: str) -> Picture:
    """The rendering with this file name, if a published exhibit shows it. Raises NotFound otherwise."""
    digest, media_type = parse_filename(filename)
    found = db.session.execute(
        select(ExhibitPicture.size, ExhibitPicture.width, ExhibitPicture.height)
        .join(Exhibit, Exhibit.id == ExhibitPicture.exhibit_id)
        .join(Appeal, Appeal.id == Exhibit.appeal_id)
        .where(
            ExhibitPicture.digest == digest,
            ExhibitPicture.media_type == media_type,
            Exhibit.state == PUBLISHED,
            Appeal.state == PUBLISHED,
        )
        .limit(1)
    ).one_or_none()
    if found is None:
        raise NotFound
    return Picture(found.size, media_type, digest, found.width, found.height)


def parse_filename(filename: str) -> tuple[str, str]:
    """Digest and media type of a picture's file name. Raises NotFound for anything that is none."""
    digest, _, extension = filename.partition(".")
    if len(digest) != 64 or not set(digest) <= set("0123456789abcdef") or extension not in _MEDIA_TYPES:
        raise NotFound
    return digest, _MEDIA_TYPES[extension]


def appeal_words(ids: Sequence[str], language: str) -> dict[str, Any]:
    """The row of words of each appeal in the language, else in English; an appeal without either is left out."""
    rows = db.session.execute(
        select(AppealText.appeal_id, AppealText.language, AppealText.title, AppealText.introduction).where(
            AppealText.appeal_id.in_(ids), AppealText.language.in_({language, ENGLISH})
        )
    ).all()
    return _preferring(language, ((row.appeal_id, row) for row in rows))


def exhibit_words(ids: Sequence[str], language: str) -> dict[str, Any]:
    """The row of words of each exhibit in the language, else in English; an exhibit without either is left out."""
    rows = db.session.execute(
        select(
            ExhibitText.exhibit_id,
            ExhibitText.language,
            ExhibitText.title,
            ExhibitText.question,
            ExhibitText.description,
            ExhibitText.alt,
        ).where(ExhibitText.exhibit_id.in_(ids), ExhibitText.language.in_({language, ENGLISH}))
    ).all()
    return _preferring(language, ((row.exhibit_id, row) for row in rows))


def pictures_of(ids: Sequence[str]) -> dict[str, Pictures]:
    """The renderings of each exhibit's picture, small to large; an exhibit without a picture is left out."""
    rows = db.session.execute(
        select(
            ExhibitPicture.exhibit_id,
            ExhibitPicture.size,
            ExhibitPicture.media_type,
            ExhibitPicture.digest,
            ExhibitPicture.width,
            ExhibitPicture.height,
        ).where(ExhibitPicture.exhibit_id.in_(ids))
    ).all()
    order = ("small", "medium", "large")
    sets: dict[str, dict[str, list[Picture]]] = {}
    for row in sorted(rows, key=lambda row: order.index(row.size)):
        picture = Picture(row.size, row.media_type, row.digest, row.width, row.height)
        sets.setdefault(row.exhibit_id, {}).setdefault(row.media_type, []).append(picture)
    return {
        exhibit_id: Pictures(webp=tuple(kinds.get("image/webp", ())), jpeg=tuple(kinds.get("image/jpeg", ())))
        for exhibit_id, kinds in sets.items()
    }


def _gallery_exhibits(appeal_ids: Sequence[str], language: str) -> dict[str, list[GalleryExhibit]]:
    rows = db.session.execute(
        select(Exhibit.id, Exhibit.ref, Exhibit.appeal_id)
        .where(Exhibit.appeal_id.in_(appeal_ids), Exhibit.state == PUBLISHED)
        .order_by(Exhibit.position, Exhibit.id)
    ).all()
    ids = [row.id for row in rows]
    words, pictures = exhibit_words(ids, language), pictures_of(ids)
    listed: dict[str, list[GalleryExhibit]] = {}
    for row in rows:
        if row.id not in words:
            continue
        text = words[row.id]
        card = GalleryExhibit(
            row.ref, text.title, text.question, text.alt, text.language, pictures.get(row.id, Pictures())
        )
        listed.setdefault(row.appeal_id, []).append(card)
    return listed


def _published(ref: str) -> Any:
    found = db.session.execute(
        select(Exhibit.id, Exhibit.ref, Exhibit.appeal_id, Appeal.desk_id, Appeal.slug)
        .join(Appeal, Appeal.id == Exhibit.appeal_id)
        .where(Exhibit.ref == ref, Exhibit.state == PUBLISHED, Appeal.state == PUBLISHED)
    ).one_or_none()
    if found is None:
        raise NotFound
    return found


def _preferring(language: str, rows: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    """One row for each id: the language's own where there is one."""
    chosen: dict[str, Any] = {}
    for key, row in rows:
        if key not in chosen or row.language == language:
            chosen[key] = row
    return chosen
