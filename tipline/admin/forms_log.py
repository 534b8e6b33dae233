"""Forms for the log."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l

from tipline.web.forms import AtMost, TextAreaField, TiplineForm


class VerifyForm(TiplineForm):
    """Heads that auditors kept; without them the log is verified against itself only."""

    anchors = TextAreaField(
        _l("Heads that you kept (optional)"),
        [AtMost(200_000)],
        description=_l("Paste one or more files that you downloaded from the log page earlier."),
    )
