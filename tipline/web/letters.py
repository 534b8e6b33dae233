"""The words of notices by mail, from ``templates/email``: the first line is the subject."""

from __future__ import annotations

import functools
from collections.abc import Sequence

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from tipline import config
from tipline.web.factory import template_folder


def write(kind: str, about: Sequence[str]) -> tuple[str, str]:
    """Subject and text of a notice of this kind. No tip, no number and no name is in it."""
    settings = config.current()
    address = f"{settings.staff_address}/staff/sign-in" if settings.staff_address else ""
    written = _templates().get_template(f"email/{kind}.txt")
    text = written.render(about=about, address=address, service=settings.service_name)
    subject, _, rest = text.partition("\n")
    return subject, rest.strip() + "\n"


@functools.cache
def _templates() -> Environment:
    made = Environment(
        loader=FileSystemLoader(template_folder()),
        autoescape=False,  # noqa: S701 - plain text
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.i18n"],
    )
    made.install_null_translations(newstyle=True)  # type: ignore[attr-defined]  # staff read English
    return made
