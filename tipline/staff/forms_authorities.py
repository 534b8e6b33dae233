"""Form for confirming an authority's key."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l

from tipline.errors import BadInput
from tipline.web.authority_words import CHANNELS
from tipline.web.forms import CodeField, Needed, RadioField, TiplineForm

REFUSALS = {
    "channel": _l("Choose how you compared the fingerprint"),
    "fingerprint": _l(
        "These are not the last four groups of this key. If the authority read them out like this, "
        "the key is not theirs: refuse it and tell the administrator"
    ),
}


class ConfirmKeyForm(TiplineForm):
    """What the authority said, and how it was asked."""

    channel = RadioField(
        _l("How did you compare the fingerprint?"),
        choices=list(CHANNELS.items()),
        validators=[Needed(_l("Choose how you compared the fingerprint"))],
    )
    fingerprint = CodeField(
        _l("The last four groups, as the authority gave them"),
        [Needed(_l("Enter the last four groups of the fingerprint"))],
        description="16 letters and figures. Spaces do not matter.",
    )

    def refuse(self, refused: BadInput) -> None:
        """Put a refusal beside its field."""
        self.add_error(refused.field, REFUSALS[refused.field])
