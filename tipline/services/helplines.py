"""Whom to call in which country, and where to report pictures of abuse: ``data/emergency.json``, with its sources.

Every line names a public page on which it can be verified; every country has the day on which it was last gone
through. What is not certain is not in the file: no number is better than a wrong one.
"""

from __future__ import annotations

import datetime as dt
import functools
import json
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from typing import Any

KINDS = ("emergency", "police", "children", "missing", "victims")


@dataclass(frozen=True)
class Line:
    """A number to call: as people write it, what kind of help answers, and by its own name who, if known."""

    number: str
    kind: str
    operator: str = ""


@dataclass(frozen=True)
class Source:
    """A public page: its title in its own language, and its address."""

    title: str
    address: str
    language: str


@dataclass(frozen=True)
class Hotline:
    """Where to report pictures of abuse on the internet."""

    name: str
    address: str


@dataclass(frozen=True)
class CountryHelp:
    """Everything about one country: its lines, the emergency number first, and the day it was gone through."""

    code: str
    lines: tuple[Line, ...]
    hotline: Hotline | None
    sources: tuple[Source, ...]
    checked: dt.date


@dataclass(frozen=True)
class Helplines:
    """All of it. ``everywhere`` holds the numbers shared by many countries of Europe; the rest are addresses."""

    everywhere: tuple[Line, ...]
    countries: Mapping[str, CountryHelp]
    leave_to: str
    hotlines: str
    tor_browser: str


@functools.cache
def helplines() -> Helplines:
    """The file, read once. Raises KeyError for a line without a source that the file names."""
    raw = json.loads(resources.files("tipline").joinpath("data/emergency.json").read_text(encoding="utf-8"))
    sources = {name: Source(**source) for name, source in raw["sources"].items()}
    return Helplines(
        everywhere=tuple(Line(**line) for line in raw["everywhere"]),
        countries={entry["code"]: _country(entry, sources) for entry in raw["countries"]},
        leave_to=raw["leave_to"],
        hotlines=raw["hotlines"],
        tor_browser=raw["tor_browser"],
    )


def _country(entry: dict[str, Any], sources: Mapping[str, Source]) -> CountryHelp:
    hotline = entry.get("hotline")
    told = [*entry["lines"], *([hotline] if hotline else [])]
    return CountryHelp(
        code=entry["code"],
        lines=tuple(Line(line["number"], line["kind"], line.get("name", "")) for line in entry["lines"]),
        hotline=Hotline(hotline["name"], hotline["address"]) if hotline else None,
        sources=tuple(dict.fromkeys(sources[line["source"]] for line in told)),
        checked=dt.date.fromisoformat(entry["checked"]),
    )
