"""What the files page says about a file, in the visitor's language: why one was refused, and what one tells."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

from flask_babel import format_datetime, format_decimal
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from tipline import config
from tipline.services import spools
from tipline.services.traces import Trace
from tipline.services.versions import ListedFile

MEGABYTE = 1024 * 1024


def megabytes(size: int) -> str:
    """A size in megabytes, in the visitor's way of writing numbers."""
    return str(format_decimal(round(size / MEGABYTE, 1)))


def refusal(name: str, reason: str) -> str:
    """Why a file was not added, and what to do."""
    shown = spools.shown_name(name)
    settings = config.current()
    most = settings.max_file_bytes // MEGABYTE
    words = {
        "type": _("“%(name)s” was not added: it must be a JPEG, PNG, WebP, HEIC, PDF or MP4 file.", name=shown),
        "size": _("“%(name)s” was not added: it must be smaller than %(size)s MB.", name=shown, size=most),
        "empty": _("“%(name)s” was not added: the file is empty.", name=shown),
        "too-many": _("“%(name)s” was not added: you can add %(n)s files.", name=shown, n=settings.max_files),
        "bomb": _("“%(name)s” was not added: the picture has too many pixels.", name=shown),
        "broken": _("“%(name)s” was not added: the file is damaged or not what its name says.", name=shown),
    }
    return str(words.get(reason) or _("“%(name)s” was not added: it could not be read. Try again.", name=shown))


def sentences(file: ListedFile) -> list[str]:
    """What a photo tells about its sender, one sentence for each trace."""
    return [_sentence(trace) for trace in file.traces]


def _sentence(trace: Trace) -> str:
    shown = _SHOWN.get(trace.kind, str)(trace.value).removesuffix(".")  # "14:05 ч.": the sentence brings its own
    return str(_SENTENCES[trace.kind]) % dict.fromkeys(_PLACEHOLDERS, shown)


def _place(value: str) -> str:
    """``52.52 -13.40`` as people write it; the values come from our own reader, so they are numbers."""
    latitude, longitude = (float(part) for part in value.split(" "))
    north = format_decimal(abs(latitude), format="0.00")
    east = format_decimal(abs(longitude), format="0.00")
    upright = _("%(degrees)s° N", degrees=north) if latitude >= 0 else _("%(degrees)s° S", degrees=north)
    across = _("%(degrees)s° E", degrees=east) if longitude >= 0 else _("%(degrees)s° W", degrees=east)
    return f"{upright}, {across}"


def _moment(value: str) -> str:
    return str(format_datetime(dt.datetime.fromisoformat(value), "medium", rebase=False))


def _whole(value: str) -> str:
    return str(format_decimal(int(value)))


_PLACEHOLDERS = ("place", "metres", "degrees", "when", "text")
_SHOWN: dict[str, Callable[[str], str]] = {"place": _place, "altitude": _whole, "made": _moment}
_SENTENCES = {
    "place": _l("It tells where the picture was taken: %(place)s."),
    "place-name": _l("It names the place: %(text)s."),
    "altitude": _l("It tells how high that place is: %(metres)s metres."),
    "direction": _l("It tells in which direction the camera looked: %(degrees)s°."),
    "made": _l("It tells when the picture was made: %(when)s."),
    "device": _l("It tells which device was used: %(text)s."),
    "serial": _l("It carries the serial number of the device: %(text)s."),
    "lens": _l("It tells which lens was used: %(text)s."),
    "lens-serial": _l("It carries the serial number of the lens: %(text)s."),
    "owner": _l("It names the owner of the device: %(text)s."),
    "author": _l("It names its author: %(text)s."),
    "copyright": _l("It names who holds the rights: %(text)s."),
    "program": _l("It tells which program was used: %(text)s."),
    "text": _l("It carries a text: %(text)s"),
    "preview": _l("It carries a small preview, which may show more than the picture itself."),
    "more": _l("It carries more hidden information that we cannot explain."),
}
