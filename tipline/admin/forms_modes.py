"""Forms for the mode of the service."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l

from tipline.services.modes import LONGEST_WORDS
from tipline.web.forms import AtMost, CheckboxField, Needed, RadioField, TextAreaField, TiplineForm


class ModeForm(TiplineForm):
    """Which mode, and whether objects stay visible after the end."""

    mode = RadioField(
        _l("Mode"),
        [Needed(_l("Choose a mode"))],
        choices=[
            ("open", _l("Open: tips can be sent")),
            ("maintenance", _l("Maintenance: no tips for a short time; unsent ones are kept for their hour")),
            ("closed", _l("Closed: the campaign is over; receipts still open their mailbox")),
        ],
    )
    objects_shown = CheckboxField(_l("While closed, go on showing the objects"))


class WordsForm(TiplineForm):
    """Own words in one language; empty for the usual ones."""

    words = TextAreaField(
        _l("What the public reads"),
        [AtMost(LONGEST_WORDS)],
        description=_l(
            "Plain text. Say what happens and, if you know, until when. Leave it empty for the usual words."
        ),
    )
