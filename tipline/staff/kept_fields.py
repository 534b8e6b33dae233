"""The forms of a tip's page: two dozen fields, most of them blank, and a blank field looks the same for everybody.

What such a field draws holds the program's own words, so it is kept. What anybody filled in, what was refused and what
depends on the tip, on its desk or on the settings is drawn anew each time and never kept.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from functools import partial
from typing import Any

from markupsafe import Markup

from tipline.web.forms import TiplineForm
from tipline.web.locale import current_language

MOST_KEPT = 1000
_kept: dict[tuple[Hashable, ...], Markup] = {}


class PageForm:
    """One form of a page, drawn field by field; it is made only when a field of it has to be drawn anew.

    ``codes``: what fields start with that says nothing of anybody (a code of ours, today's date). ``filled``: what the
    form is made with otherwise.
    """

    def __init__(
        self,
        kind: type[TiplineForm],
        failing: TiplineForm | None = None,
        *,
        codes: Mapping[str, Hashable] | None = None,
        filled: Mapping[str, Any] | None = None,
    ) -> None:
        self._kind, self._codes, self._filled = kind, dict(codes or {}), filled
        self._failing = failing if isinstance(failing, kind) else None
        self._made = self._failing

    @property
    def errors(self) -> Mapping[str, Any]:
        """What was refused; nothing unless this form was."""
        return self._failing.errors if self._failing else {}

    def __getattr__(self, name: str) -> Callable[[], Markup]:
        """Draws a field, like calling the field of a form."""
        if name.startswith("_"):
            raise AttributeError(name)
        return partial(self._draw, name)

    def _draw(self, name: str) -> Markup:
        if self._failing is not None or self._filled is not None:
            return self._field(name)
        key = (self._kind, name, current_language().tag, self._codes.get(name))
        html = _kept.get(key)
        if html is None:
            html = self._field(name)
            if len(_kept) >= MOST_KEPT:
                _kept.clear()
            _kept[key] = html
        return html

    def _field(self, name: str) -> Markup:
        if self._made is None:
            self._made = self._kind(formdata=None, **(self._filled or {"data": self._codes}))
        return Markup(self._made[name]())  # noqa: S704 - a field's own HTML
