"""Pictures of exhibits: made anew from the pixels that are meant to be seen, and stored by digest.

Whoever crops a picture and leaves the rest in a thumbnail, or the place in its metadata, has published it. So the
picture is decoded and cropped in the screening process, scaled, and encoded again; nothing else of the file survives.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field

from sqlalchemy import delete, insert, select

from tipline import storage
from tipline.errors import FileRefused, NotFound
from tipline.extensions import db
from tipline.models.appeal import ExhibitPicture
from tipline.models.base import new_id
from tipline.services import screening
from tipline.services.appeals import CARD, EXTENSIONS, parse_filename, public_picture

LARGEST_UPLOAD = 20 * 1024 * 1024
WIDTHS = {"small": 480, "medium": 960, "large": 1600}
SMALLEST_CROP = 50


@dataclass(frozen=True)
class Crop:
    """The part of a picture that is shown, in pixels of the picture as it is seen (turned upright)."""

    x: int
    y: int
    width: int
    height: int


@dataclass(frozen=True)
class Rendered:
    """One size in one encoding, ready to store."""

    size: str
    media_type: str
    digest: str
    width: int
    height: int
    data: bytes = field(repr=False)


def render(data: bytes, crop: Crop | None = None) -> tuple[Rendered, ...]:
    """Three sizes of a JPEG, PNG or WebP, each as WebP and JPEG, never larger than the original; and its share card.

    Touches neither database nor disk: call it before the transaction, decoding takes a second. Raises FileRefused with
    ``empty``, ``size``, ``type``, ``bomb``, ``broken`` or, for a part that lies outside the picture, ``crop``.
    """
    if not data:
        raise FileRefused("empty")
    if len(data) > LARGEST_UPLOAD:
        raise FileRefused("size")
    box = None if crop is None else (crop.x, crop.y, crop.width, crop.height)
    if crop is not None and (min(crop.x, crop.y) < 0 or min(crop.width, crop.height) < SMALLEST_CROP):
        raise FileRefused("crop")
    *made, card = screening.render(data, tuple(WIDTHS.values()), crop=box, card=True)
    rendered = []
    for media_type in EXTENSIONS:
        # The child answers in the order of the widths; a width that the picture does not have is its own width.
        ofkind = [one for one in made if one.media_type == media_type]
        for size, one in zip(WIDTHS, ofkind, strict=True):
            rendered.append(_as(size, one))
    return (*rendered, _as(CARD, card))


def store(rendered: Iterable[Rendered]) -> None:
    """Write a picture's files. Before the transaction: making them durable takes a while; a lost save is swept."""
    for one in rendered:
        _write(f"{one.digest}.{EXTENSIONS[one.media_type]}", one.data)


def keep(exhibit_id: str, rendered: Iterable[Rendered]) -> tuple[str, ...]:
    """Make these the exhibit's picture. Returns the file names that were replaced: ``discard`` them after the commit.

    The files are written before the rows; if the caller's transaction fails, they wait for ``sweep``.
    """
    replaced = _names(exhibit_id)
    db.session.execute(delete(ExhibitPicture).where(ExhibitPicture.exhibit_id == exhibit_id))
    for one in rendered:
        _write(f"{one.digest}.{EXTENSIONS[one.media_type]}", one.data)
        db.session.execute(
            insert(ExhibitPicture).values(
                id=new_id(),
                exhibit_id=exhibit_id,
                size=one.size,
                media_type=one.media_type,
                digest=one.digest,
                width=one.width,
                height=one.height,
                byte_count=len(one.data),
            )
        )
    return tuple(replaced)


def discard(filenames: Iterable[str]) -> None:
    """Delete the files that no exhibit shows any more; the others stay. Call it after the commit that let them go."""
    for filename in set(filenames):
        if not _in_use(filename):
            storage.pictures().delete(filename)


def sweep(now: dt.datetime) -> int:
    """Delete files that no exhibit shows and that a failed save left behind hours ago; returns how many.

    A file's time is cut to the hour, so three hours by the clock are two at the least.
    """
    gone = 0
    for name, _size, written_at in list(storage.pictures().walk()):
        if now - written_at < dt.timedelta(hours=3):
            continue
        if name.endswith(storage.PARTIAL) or not _in_use(name):
            storage.pictures().delete(name)
            gone += 1
    return gone


def read(filename: str) -> bytes:
    """The bytes of a rendering that some exhibit has, published or not. Raises NotFound."""
    if not _in_use(filename):
        raise NotFound
    return _read(filename)


def read_published(filename: str) -> bytes:
    """The bytes of a rendering that a published exhibit shows, for the public door. Raises NotFound."""
    public_picture(filename)
    return _read(filename)


def _as(size: str, one: screening.Rendering) -> Rendered:
    return Rendered(size, one.media_type, hashlib.sha256(one.data).hexdigest(), one.width, one.height, one.data)


def _read(filename: str) -> bytes:
    try:
        with storage.pictures().open(filename) as file:
            return file.read()
    except FileNotFoundError:
        raise NotFound from None


def _in_use(filename: str) -> bool:
    digest, media_type = parse_filename(filename)
    found = db.session.execute(
        select(ExhibitPicture.id)
        .where(ExhibitPicture.digest == digest, ExhibitPicture.media_type == media_type)
        .limit(1)
    ).first()
    return found is not None


def _names(exhibit_id: str) -> set[str]:
    rows = db.session.execute(
        select(ExhibitPicture.digest, ExhibitPicture.media_type).where(ExhibitPicture.exhibit_id == exhibit_id)
    ).all()
    return {f"{row.digest}.{EXTENSIONS[row.media_type]}" for row in rows}


def _write(filename: str, data: bytes) -> None:
    """The name is the digest: a file of that name already holds these bytes."""
    if storage.pictures().exists(filename):
        return
    writer = storage.pictures().create(filename)
    try:
        writer.write(data)
        writer.commit()
    except BaseException:
        writer.abort()
        raise
