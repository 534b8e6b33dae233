"""Forms for releases."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l

from tipline.services.releases import LONGEST_REFERENCE
from tipline.web.forms import AtMost, CodeField, FileField, Needed, RadioField, StringField, TiplineForm
from tipline.web.referral_words import ADMIN_RETURNS, CHANNELS


class ReturnForm(TiplineForm):
    """Why a package goes back."""

    reason = RadioField(_l("Why?"), choices=list(ADMIN_RETURNS.items()), validators=[Needed(_l("Choose why"))])


class SentForm(TiplineForm):
    """How it went out."""

    channel = RadioField(_l("How was it sent?"), choices=list(CHANNELS.items()), validators=[Needed(_l("Choose how"))])


class AcknowledgementForm(TiplineForm):
    """What the authority sent back: its file, or the digest that it read out."""

    file = FileField(_l("The file ack.json that they filled in"), description=_l("Or type what they tell you below."))
    digest = CodeField(
        _l("Digest that they give"),
        [AtMost(200)],
        description="64 digits and letters: the SHA-256 of tagmanifest-sha256.txt, from step 3 of VERIFY.txt. "
        "Only who has opened the package can know it.",
    )
    reference = StringField(
        _l("Their reference"), [AtMost(LONGEST_REFERENCE)], description=_l("If they give one. No names.")
    )
