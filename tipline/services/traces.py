"""What the hidden details of a photo tell about its sender, as the child that read them reports it.

A trace is a kind, from a fixed list, and a short text. The report comes from a process that a stranger's file was
parsed in, so it is checked here again before anything is kept of it.
"""

from __future__ import annotations

import datetime as dt
import json
import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from tipline.errors import FileRefused
from tipline.services.hidden import printable

# In the order in which people are told.
KINDS = (
    *("place", "place-name", "altitude", "direction", "made", "device", "serial", "lens", "lens-serial"),
    *("owner", "author", "copyright", "program", "text", "preview", "more"),
)
NOTES = frozenset(
    {"app", "comment", "exif", "gps", "icc", "iptc", "text", "thumbnail", "time", "trailing", "truncated", "xmp"}
)
TECHNICAL = frozenset({"icc", "truncated"})  # found and left out, but nothing that tells of anybody
LARGEST_REPORT = 64 * 1024
_SHAPES = {
    "place": re.compile(r"-?\d{1,2}\.\d\d -?\d{1,3}\.\d\d"),
    "altitude": re.compile(r"-?\d{1,6}"),
    "direction": re.compile(r"-?\d{1,3}"),
}


@dataclass(frozen=True)
class Trace:
    """One thing that a photo tells. ``value`` is made up by strangers; empty for the kinds that have no words."""

    kind: str
    value: str = field(default="", repr=False)


@dataclass(frozen=True)
class Findings:
    """What a file's hidden details were: codes of what was found, and what it told."""

    notes: tuple[str, ...] = ()
    traces: tuple[Trace, ...] = ()

    @property
    def tell_of_somebody(self) -> bool:
        """Whether anything was found that is more than technical."""
        return not TECHNICAL.issuperset(self.notes)


def read_report(raw: bytes) -> Findings:
    """What a child reports. Raises FileRefused (broken) for anything that the child cannot have meant."""
    try:
        report = json.loads(raw[:LARGEST_REPORT])
        notes, traces = tuple(map(str, report["notes"])), dict(report["traces"])
    except (ValueError, KeyError, TypeError, RecursionError):
        raise FileRefused("broken") from None
    if not NOTES.issuperset(notes) or not set(KINDS).issuperset(traces):
        raise FileRefused("broken")
    findings = Findings(notes, in_order(traces.items()))
    if findings.tell_of_somebody and not findings.traces:
        return Findings(findings.notes, (Trace("more"),))
    return findings


def in_order(pairs: Iterable[tuple[str, str]]) -> tuple[Trace, ...]:
    """Traces of kinds and values in the order that people are told them, each value made harmless."""
    known = {kind: printable(str(value)) for kind, value in pairs}
    return tuple(Trace(kind, known[kind]) for kind in KINDS if kind in known and _fits(kind, known[kind]))


def _fits(kind: str, value: str) -> bool:
    if kind == "made":
        try:
            dt.datetime.fromisoformat(value)
        except ValueError:
            return False
    return kind not in _SHAPES or _SHAPES[kind].fullmatch(value) is not None
