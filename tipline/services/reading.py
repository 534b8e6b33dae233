"""What one page reads is read once: while a page is put together, the same question is asked once.

Nothing outlives the page. A page only reads, so what it has read stays so; acts never run inside.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

Found = TypeVar("Found")
_here = threading.local()


@contextmanager
def of_one_page() -> Iterator[None]:
    """While this lasts, ``once`` gives what was read before; at its end all of that is forgotten."""
    outer: dict[Hashable, Any] | None = getattr(_here, "known", None)
    _here.known = {} if outer is None else outer
    try:
        yield
    finally:
        _here.known = outer


def once(question: Hashable, read: Callable[[], Found]) -> Found:
    """The answer that this page has had to this question before; read now, where it has none or is no page."""
    known: dict[Hashable, Any] | None = getattr(_here, "known", None)
    if known is None:
        return read()
    if question not in known:
        known[question] = read()
    found: Found = known[question]
    return found
