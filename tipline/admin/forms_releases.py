"""Forms for releases."""

from __future__ import annotations

from tipline.services.releases import LONGEST_REFERENCE
from tipline.web.forms import AtMost, CodeField, FileField, Needed, RadioField, StringField, TiplineForm
from tipline.web.referral_words import ADMIN_RETURNS, CHANNELS


class ReturnForm(TiplineForm):
    """Why a package goes back."""

    reason = RadioField("Why?", choices=list(ADMIN_RETURNS.items()), validators=[Needed("Choose why")])


class SentForm(TiplineForm):
    """How it went out."""

    channel = RadioField("How was it sent?", choices=list(CHANNELS.items()), validators=[Needed("Choose how")])


class AcknowledgementForm(TiplineForm):
    """What the authority sent back: its file, or the digest that it read out."""

    file = FileField("The file ack.json that they filled in", description="Or type what they tell you below.")
    digest = CodeField(
        "Digest that they give",
        [AtMost(200)],
        description="64 digits and letters: the SHA-256 of tagmanifest-sha256.txt, from step 3 of VERIFY.txt. "
        "Only who has opened the package can know it.",
    )
    reference = StringField("Their reference", [AtMost(LONGEST_REFERENCE)], description="If they give one. No names.")
