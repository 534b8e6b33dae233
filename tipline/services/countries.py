"""Countries by their ISO 3166-1 code, with Kosovo's customary XK, and which belong to the EU and the EEA."""

from __future__ import annotations

import functools
import json
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources

from tipline.errors import BadInput


@dataclass(frozen=True)
class Country:
    """One country: its code, English name, and whether it is in the Union (``eu``) and the wider ``eea``."""

    code: str
    name: str
    eu: bool
    eea: bool


@functools.cache
def countries() -> Mapping[str, Country]:
    """All countries by code, in the order of their English names."""
    raw = resources.files("tipline").joinpath("data/countries.json").read_text(encoding="utf-8")
    return {entry["code"]: Country(**entry) for entry in json.loads(raw)}


def name_of(code: str) -> str:
    """The English name of a country; what is no code of ours stays as it is, because people may also type a name."""
    known = countries().get(code)
    return known.name if known else code


def country(code: str) -> Country:
    """The country with this code. Raises BadInput."""
    found = countries().get(code)
    if found is None:
        raise BadInput("country", "unknown")
    return found
