"""What the sample's appeal, exhibits and update say in every language: one file a language beside ``sample.json``."""

from __future__ import annotations

import json
from importlib import resources
from typing import Any

WORDS = "data/sample/words"


def add_words(given: dict[str, Any]) -> None:
    """Put every language's words beside the English ones of ``sample.json``, in place.

    A key names what is worded and the field: ``appeal.title``, ``red-cup.question``, ``update.body``.
    """
    worded = {"appeal": given["appeal"], "update": given["campaign"]["update"]}
    worded |= {exhibit["slug"]: exhibit for exhibit in given["exhibits"]}
    for path in sorted(resources.files("tipline").joinpath(WORDS).iterdir(), key=lambda path: path.name):
        tag = path.name.removesuffix(".json")
        for key, text in json.loads(path.read_text(encoding="utf-8")).items():
            place, _, field = key.partition(".")
            worded[place]["texts"].setdefault(tag, {})[field] = text
