"""The language that a text is in, as a small model reads it: an aid beside what the sender chose, never a decision.

The model is the optional extra ``lang`` (py3langid), reads in this process and keeps nothing. Without it nothing is
found, and the page says that it is not installed.
"""

from __future__ import annotations

import functools
from concurrent.futures import Future, ThreadPoolExecutor
from importlib import util
from typing import Any

from tipline import languages
from tipline.languages import Language

SHORTEST = 40  # characters: in less than that a name decides
LONGEST_READ = 2000
SURE = 0.9
_MODEL_TAGS = {"nb": "no", "pt-PT": "pt"}
_TERMS = {_MODEL_TAGS.get(one.tag, one.tag): one for one in languages.UI_LANGUAGES}


def is_installed() -> bool:
    """Whether there is a model to ask."""
    return util.find_spec("py3langid") is not None


def prepare() -> None:
    """Wait until the model is read."""
    _model().result()


def find(text: str) -> Language | None:
    """The term of the list that a text is surely written in.

    None when the text is short, the model not sure, not installed, or not read yet: no page waits the seconds it takes.
    """
    if len(text.strip()) < SHORTEST or not is_installed() or not _model().done():
        return None
    tag, probability = _model().result().classify(text[:LONGEST_READ])
    return _TERMS.get(tag) if probability >= SURE else None


def disagrees(text: str, chosen: int) -> Language | None:
    """The language that a text is surely in when that is another one than was chosen; otherwise None."""
    found = find(text)
    return found if found is not None and found.id != chosen else None


@functools.cache
def _model() -> Future[Any]:
    """The model on its way; begun by the first who asks."""
    reader = ThreadPoolExecutor(1, thread_name_prefix="languages")
    begun = reader.submit(_read)
    reader.shutdown(wait=False)
    return begun


def _read() -> Any:
    from py3langid.langid import MODEL_FILE, LanguageIdentifier  # noqa: PLC0415 - optional, and slow to load

    identifier = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
    known = set(identifier.labels)
    identifier.set_languages([tag for tag in _TERMS if tag in known])
    return identifier
