"""Forms for the mode of the service."""

from __future__ import annotations

from tipline.services.modes import LONGEST_WORDS
from tipline.web.forms import AtMost, CheckboxField, Needed, RadioField, TextAreaField, TiplineForm


class ModeForm(TiplineForm):
    """Which mode, and whether objects stay visible after the end."""

    mode = RadioField(
        "Mode",
        [Needed("Choose a mode")],
        choices=[
            ("open", "Open: tips can be sent"),
            ("maintenance", "Maintenance: no tips for a short time; unsent ones are kept for their hour"),
            ("closed", "Closed: the campaign is over; receipts still open their mailbox"),
        ],
    )
    objects_shown = CheckboxField("While closed, go on showing the objects")


class WordsForm(TiplineForm):
    """Own words in one language; empty for the usual ones."""

    words = TextAreaField(
        "What the public reads",
        [AtMost(LONGEST_WORDS)],
        description="Plain text. Say what happens and, if you know, until when. Leave it empty for the usual words.",
    )
