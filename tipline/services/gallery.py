"""The gallery: every published object, a page at a time, those that are still needed first of all.

For the public door, as ``appeals`` is: only what is published comes out of here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup
from sqlalchemy import select

from tipline.extensions import db
from tipline.models.appeal import Appeal, Exhibit
from tipline.services.appeals import OPEN, PUBLISHED, Pictures, appeal_words, exhibit_words, pictures_of

NEEDED, ALL = "needed", "all"
SHOWN = (NEEDED, "closed", ALL)
PAGE = 20  # exhibits: without JavaScript a browser loads every picture of a page at once

# Built once: everybody who comes to the public pages runs these.
_APPEALS = select(Appeal.id, Appeal.slug).where(Appeal.state == PUBLISHED).order_by(Appeal.position, Appeal.id)
_EXHIBITS = (
    select(Exhibit.id, Exhibit.ref, Exhibit.appeal_id, Exhibit.need)
    .join(Appeal, Appeal.id == Exhibit.appeal_id)
    .where(Exhibit.state == PUBLISHED, Appeal.state == PUBLISHED)
    .order_by(Appeal.position, Appeal.id, Exhibit.position, Exhibit.id)
)


@dataclass(frozen=True)
class GalleryExhibit:
    """An exhibit as a card. ``language`` is that of its words, which may be English on another language's page."""

    ref: str
    title: str
    question: str
    alt: str
    language: str
    needed: bool
    pictures: Pictures


@dataclass(frozen=True)
class GalleryAppeal:
    """A published appeal and those of its exhibits that this page shows. ``introduction`` is cleaned HTML."""

    slug: str
    title: str
    introduction: Markup
    language: str
    exhibits: tuple[GalleryExhibit, ...]


@dataclass(frozen=True)
class GalleryPage:
    """One page of the gallery; an appeal may be without exhibits on it.

    ``previous`` and ``next`` are the references after which the neighbouring pages start: empty for the first page,
    None where there is no such page.
    """

    appeals: tuple[GalleryAppeal, ...]
    show: str
    has_closed: bool
    is_first: bool
    previous: str | None
    next: str | None


def read_gallery(language: str, show: str = NEEDED, after: str = "") -> GalleryPage:
    """Every published appeal, with the page of its published exhibits that follows the one of this reference.

    ``show`` is one of ``SHOWN``; anything else counts as the first, and an unknown reference as none. Exhibits without
    words or picture are left out. Reads rows of a few bytes for every exhibit, and words and pictures of one page.
    """
    show = show if show in SHOWN else NEEDED
    appeals = db.run(_APPEALS).all()
    rows = db.run(_EXHIBITS).all() if appeals else []
    chosen = [row for row in rows if show == ALL or (row.need == OPEN) == (show == NEEDED)]
    start = next((place for place, row in enumerate(chosen, start=1) if row.ref == after), 0)
    page = chosen[start : start + PAGE]
    end = start + len(page)
    exhibits = _cards(page, language)
    words = appeal_words([row.id for row in appeals], language)
    return GalleryPage(
        appeals=tuple(_gallery_appeal(row, words[row.id], exhibits) for row in appeals if row.id in words),
        show=show,
        has_closed=any(row.need != OPEN for row in rows),
        is_first=start == 0,
        previous=None if start == 0 else "" if start <= PAGE else chosen[start - PAGE - 1].ref,
        next=page[-1].ref if end < len(chosen) else None,
    )


def _gallery_appeal(row: Any, words: Any, exhibits: Mapping[str, list[GalleryExhibit]]) -> GalleryAppeal:
    return GalleryAppeal(
        slug=row.slug,
        title=words.title,
        introduction=Markup(words.introduction),  # noqa: S704 - cleaned by services/html when it was saved
        language=words.language,
        exhibits=tuple(exhibits.get(row.id, ())),
    )


def _cards(rows: Sequence[Any], language: str) -> dict[str, list[GalleryExhibit]]:
    """These exhibits as cards, by their appeals; without words or picture there is nothing to show."""
    ids = [row.id for row in rows]
    words, pictures = exhibit_words(ids, language), pictures_of(ids)
    listed: dict[str, list[GalleryExhibit]] = {}
    for row in rows:
        if row.id in words and row.id in pictures:
            text = words[row.id]
            card = GalleryExhibit(
                row.ref, text.title, text.question, text.alt, text.language, row.need == OPEN, pictures[row.id]
            )
            listed.setdefault(row.appeal_id, []).append(card)
    return listed
