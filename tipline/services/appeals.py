"""What the public sees of appeals and exhibits: plain values, in the page's language or else in English.

Only what is published comes out of here, so this module may be used by the public door. ``publishing`` and
``exhibits`` hold what administrators do.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup
from sqlalchemy import BindParameter, Executable, bindparam, select

from tipline.errors import NotFound, Withdrawn
from tipline.extensions import db
from tipline.models.appeal import Appeal, AppealText, Exhibit, ExhibitPicture, ExhibitText

ENGLISH = "en"
PUBLISHED = "published"
CARD = "card"  # the size of the picture that other sites show
OPEN = "open"
CLOSED = "no_longer_needed"
EXTENSIONS = {"image/webp": "webp", "image/jpeg": "jpg"}
_SIZES = ("small", "medium", "large", CARD)
_MEDIA_TYPES = {extension: media_type for media_type, extension in EXTENSIONS.items()}

# Built once: everybody who comes to the public pages runs these.
_ids: BindParameter[Any] = bindparam("ids", expanding=True)
_languages: BindParameter[Any] = bindparam("languages", expanding=True)
_EXHIBIT = (
    select(
        Exhibit.id,
        Exhibit.ref,
        Exhibit.state,
        Exhibit.need,
        Exhibit.published_on,
        Exhibit.appeal_id,
        Appeal.state.label("appeal_state"),
        Appeal.published_at,
        Appeal.slug,
    )
    .join(Appeal, Appeal.id == Exhibit.appeal_id)
    .where(Exhibit.ref == bindparam("ref"))
)
_APPEAL_WORDS = select(
    AppealText.appeal_id.label("id"), AppealText.language, AppealText.title, AppealText.introduction
).where(AppealText.appeal_id.in_(_ids), AppealText.language.in_(_languages))
_EXHIBIT_WORDS = select(
    ExhibitText.exhibit_id.label("id"),
    ExhibitText.language,
    ExhibitText.title,
    ExhibitText.question,
    ExhibitText.description,
    ExhibitText.alt,
).where(ExhibitText.exhibit_id.in_(_ids), ExhibitText.language.in_(_languages))
_PICTURES = select(
    ExhibitPicture.exhibit_id,
    ExhibitPicture.size,
    ExhibitPicture.media_type,
    ExhibitPicture.digest,
    ExhibitPicture.width,
    ExhibitPicture.height,
).where(ExhibitPicture.exhibit_id.in_(_ids))
_PUBLIC_PICTURE = (
    select(ExhibitPicture.size, ExhibitPicture.width, ExhibitPicture.height)
    .join(Exhibit, Exhibit.id == ExhibitPicture.exhibit_id)
    .join(Appeal, Appeal.id == Exhibit.appeal_id)
    .where(
        ExhibitPicture.digest == bindparam("digest"),
        ExhibitPicture.media_type == bindparam("media_type"),
        Exhibit.state == PUBLISHED,
        Appeal.state == PUBLISHED,
    )
    .limit(1)
)


@dataclass(frozen=True)
class Picture:
    """One rendering of an exhibit's picture; ``filename`` is the last part of its address, ``/pictures/…``."""

    size: str  # small, medium, large; card
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
    card: Picture | None = None

    def __bool__(self) -> bool:
        return bool(self.jpeg)

    def of(self, size: str) -> Picture:
        """The JPEG of one size, which every browser shows. Raises NotFound when there is no picture."""
        for picture in self.jpeg:
            if picture.size == size:
                return picture
        raise NotFound


@dataclass(frozen=True)
class ExhibitPage:
    """One exhibit with everything its page shows. ``description`` is cleaned HTML."""

    ref: str
    title: str
    question: str
    description: Markup
    alt: str
    language: str
    needed: bool
    pictures: Pictures
    appeal_slug: str
    appeal_title: str
    appeal_language: str


def exhibit_page(ref: str, language: str) -> ExhibitPage:
    """One published exhibit of a published appeal. Raises Withdrawn if it was once shown, NotFound otherwise."""
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
        needed=found.need == OPEN,
        pictures=pictures_of([found.id]).get(found.id, Pictures()),
        appeal_slug=found.slug,
        appeal_title=appeal.title,
        appeal_language=appeal.language,
    )


def public_picture(filename: str) -> Picture:
    """The rendering with this file name, if a published exhibit shows it. Raises NotFound otherwise."""
    digest, media_type = parse_filename(filename)
    found = db.run(_PUBLIC_PICTURE, {"digest": digest, "media_type": media_type}).one_or_none()
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
    return _preferring(language, _APPEAL_WORDS, ids)


def exhibit_words(ids: Sequence[str], language: str) -> dict[str, Any]:
    """The row of words of each exhibit in the language, else in English; an exhibit without either is left out."""
    return _preferring(language, _EXHIBIT_WORDS, ids)


def pictures_of(ids: Sequence[str]) -> dict[str, Pictures]:
    """The renderings of each exhibit's picture, small to large; an exhibit without a picture is left out."""
    if not ids:
        return {}
    sets: dict[str, dict[str, list[Picture]]] = {}
    for row in sorted(db.run(_PICTURES, {"ids": list(ids)}), key=lambda row: _SIZES.index(row.size)):
        picture = Picture(row.size, row.media_type, row.digest, row.width, row.height)
        kind = CARD if row.size == CARD else row.media_type
        sets.setdefault(row.exhibit_id, {}).setdefault(kind, []).append(picture)
    return {
        exhibit_id: Pictures(
            webp=tuple(kinds.get("image/webp", ())),
            jpeg=tuple(kinds.get("image/jpeg", ())),
            card=next(iter(kinds.get(CARD, ())), None),
        )
        for exhibit_id, kinds in sets.items()
    }


def _published(ref: str) -> Any:
    found = db.run(_EXHIBIT, {"ref": ref}).one_or_none()
    if found is None:
        raise NotFound
    if found.state != PUBLISHED or found.appeal_state != PUBLISHED:
        # Both were shown at some time: there was a page at this address.
        raise Withdrawn if found.published_on and found.published_at else NotFound
    return found


def _preferring(language: str, statement: Executable, ids: Sequence[str]) -> dict[str, Any]:
    """One row for each id: the language's own where there is one."""
    chosen: dict[str, Any] = {}
    if ids:
        for row in db.run(statement, {"ids": list(ids), "languages": [language, ENGLISH]}):
            if row.id not in chosen or row.language == language:
                chosen[row.id] = row
    return chosen
