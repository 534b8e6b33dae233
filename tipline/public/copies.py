"""What a sender wrote, in words for the sender: the rows of the check page and the text files to keep."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from flask_babel import gettext as _

from tipline import languages
from tipline.languages import OTHER
from tipline.public import forms
from tipline.services.answers import Answers, Identity
from tipline.services.attachments import Details
from tipline.services.sent_tips import SentCopy, SentTip


class Row(NamedTuple):
    """One answer: the question in short, the answer, and the field that changes it."""

    key: str
    value: str
    field: str


def answer_rows(answers: Answers) -> tuple[Row, ...]:
    """Every question of the first page with its answer; an answer that was not given is empty."""
    return (
        Row(_("In your words"), answers.narrative, "narrative"),
        Row(_("Language of your tip"), _language(answers), "tip_language"),
        Row(_("How you know it"), _word(answers.how_known, forms.HOW_KNOWN), "how_known"),
        Row(_("How sure you are"), _word(answers.certainty, forms.CERTAINTY), "certainty"),
        Row(_("A child in danger now"), _("Yes, or it may be") if answers.child_at_risk else "", "child_at_risk"),
        Row(_("Brand, maker or seller"), answers.product, "product"),
        Row(_("Countries"), ", ".join(answers.countries), "countries"),
        Row(_("Years"), answers.years, "years"),
        Row(_("Place"), answers.place, "place"),
        Row(_("Links"), "\n".join(answers.links), "links"),
        Row(_("Told anybody else"), _word(answers.shared_elsewhere, forms.SHARED_ELSEWHERE), "shared_elsewhere"),
    )


def unsent(
    answers: Answers | None, identity: Identity, files: Iterable[Details], exhibit: tuple[str, str] | None
) -> str:
    """Everything written so far, as plain text; files by digest and size."""
    return _written(_("What I wrote (not sent yet when this copy was made)"), answers, identity, files, exhibit)


def sent(copy: SentCopy, exhibit: tuple[str, str] | None) -> str:
    """Everything that was sent, as plain text; files by digest and size."""
    return _written(_("What I sent"), copy.answers, copy.identity, copy.files, exhibit)


def _written(
    heading: str,
    answers: Answers | None,
    identity: Identity,
    files: Iterable[Details],
    exhibit: tuple[str, str] | None,
) -> str:
    lines = [heading, ""]
    if exhibit is not None:
        lines += [_("Object %(ref)s", ref=exhibit[0]), exhibit[1], ""]
    for row in answer_rows(answers) if answers else ():
        if row.value:
            lines += [row.key, row.value, ""]
    contact = ((_("Name"), identity.name), (_("Email address"), identity.email), (_("Telephone"), identity.phone))
    for label, value in contact:
        if value:
            lines += [label, value, ""]
    lines += _file_lines(files)
    return "\r\n".join("\n".join(lines).split("\n")) + "\r\n"


def receipt(waiting: SentTip, address: str) -> str:
    """The receipt with what it is for, as plain text."""
    lines = (
        _("Receipt"),
        waiting.receipt,
        "",
        _("With this code you can see what became of your tip. Nobody can make it again for you."),
        _("Keep it where nobody else finds it, and enter it here:"),
        address,
        "",
        _("Reference"),
        waiting.ref,
    )
    return "\r\n".join(lines) + "\r\n"


def _file_lines(files: Iterable[Details]) -> list[str]:
    lines = []
    for file in files:
        lines += [file.name, _("%(size)s bytes", size=file.size), f"SHA-256 {file.sha256}", ""]
    return lines


def _language(answers: Answers) -> str:
    term = languages.by_id(answers.tip_language)
    if term is None or term is OTHER:
        return answers.other_language or _("Another language")
    return term.native_name


def _word(code: str, choices: list[tuple[str, object]]) -> str:
    return next((str(word) for known, word in choices if known == code), "")
