"""The forms of referrals."""

from __future__ import annotations

from collections.abc import Sequence

from flask_babel import lazy_gettext as _l

from tipline.errors import BadInput
from tipline.services.authorities import Recipient
from tipline.services.handovers import ANSWER_NAMES, HANDLING, LEGAL_BASES, PURPOSES, REQUESTS, URGENCIES
from tipline.services.reveals import FileLine
from tipline.services.wishes import ADDABLE, DEFAULT_ANSWERS, LONGEST_TEXT, TipWish, Wish
from tipline.staff import words
from tipline.web.forms import (
    CheckboxesField,
    CheckboxField,
    CountedTextField,
    Needed,
    RadioField,
    SelectField,
    TiplineForm,
)
from tipline.web.referral_words import DESK_RETURNS

CHOOSE = [("", _l("Choose"))]
REFUSALS = {
    ("narrative_reason", "missing"): _l("Say why the original text is needed"),
    ("identity_reason", "missing"): _l("Say why the authority needs to know who sent it"),
    ("with_identity", "none"): _l("The sender of this tip left no name and no contact"),
    ("conditions", "missing"): _l("Write the conditions that H3 stands for; an identity never goes out without them"),
    ("narrative", "not-yours"): _l("The original text opens to supervisors only: a supervisor can propose it"),
    ("attachment_ids", "unknown"): _l("Choose from the attachments in the list"),
    ("tip", "too-many"): _l("A referral holds 20 tips at most"),
}


class TipWishForm(TiplineForm):
    """What of one tip goes out."""

    narrative = RadioField(
        _l("Which text goes out?"),
        choices=[("sanitised", _l("The sanitised narrative")), ("original", _l("The original, word for word"))],
        default="sanitised",
        validators=[Needed(_l("Choose which text goes out"))],
        description=_l("The original needs a reason, and a second supervisor reviews it."),
    )
    narrative_reason = CountedTextField(_l("Why the original is needed"), limit=LONGEST_TEXT)
    answers = CheckboxesField(
        _l("Which answers go with it?"),
        choices=[(name, ANSWER_NAMES[name]) for name in ADDABLE],
        default=list(DEFAULT_ANSWERS),
        description=_l(
            "Place and links can tell who sent the tip: look at them first. An original goes with all of them."
        ),
    )
    attachment_ids = CheckboxesField(_l("Which attachments go with it?"), choices=[])
    with_identity = CheckboxField(_l("Name and contact of the sender go with it"))
    identity_reason = CountedTextField(_l("Why the authority needs to know who sent it"), limit=LONGEST_TEXT)

    def offer_files(self, files: Sequence[FileLine]) -> None:
        """The tip's files that may go out, by number; nothing is chosen before."""
        self.attachment_ids.choices = [
            (
                file.id,
                f"{words.file_label(file)}: {words.KINDS.get(file.kind, file.kind)}"
                + ("" if file.viewed else " (not looked at yet)"),
            )
            for file in files
            if not file.quarantined
        ]

    def tip_wish(self, ref: str) -> TipWish:
        """What was chosen."""
        return TipWish(
            ref=ref,
            original=self.narrative.data == "original",
            narrative_reason=self.narrative_reason.data or "",
            with_identity=bool(self.with_identity.data),
            identity_reason=self.identity_reason.data or "",
            attachment_ids=tuple(self.attachment_ids.data or ()),
            answers=tuple(self.answers.data or ()),
        )

    def refuse(self, refused: BadInput) -> None:
        """Put a refusal beside its field."""
        field = refused.field if refused.field in self._fields else "narrative"
        self.add_error(field, REFUSALS.get((refused.field, refused.reason), "Choose or write something else here"))


class ReferralForm(TipWishForm):
    """A new referral with its first tip."""

    authority = SelectField(_l("Authority"), validators=[Needed(_l("Choose an authority"))])
    why_you = CountedTextField(
        _l("Why this country?"),
        [Needed(_l("Say in a sentence why it is this country"))],
        limit=LONGEST_TEXT,
        description=_l("The authority reads this first. Name nobody."),
    )
    purpose = SelectField(
        _l("Purpose"), choices=[*CHOOSE, *PURPOSES.items()], validators=[Needed(_l("Choose the purpose"))]
    )
    legal_basis = SelectField(
        _l("Legal basis"), choices=[*CHOOSE, *LEGAL_BASES.items()], validators=[Needed(_l("Choose the legal basis"))]
    )
    request = RadioField(
        _l("What do you ask for?"), choices=list(REQUESTS.items()), validators=[Needed(_l("Choose what you ask for"))]
    )
    urgency = RadioField(
        _l("How soon do you need an answer?"),
        choices=list(URGENCIES.items()),
        validators=[Needed(_l("Choose how soon you need an answer"))],
    )
    handling = CheckboxesField(
        _l("Handling codes"),
        choices=[(code, f"{code}: {HANDLING[code]}") for code in ("H1", "H2", "H3")],
        default=["H1", "H2"],
        description=_l("H0 always holds. H3 needs the conditions in words, and a second supervisor."),
    )
    conditions = CountedTextField(_l("Conditions (H3)"), limit=LONGEST_TEXT)

    def offer_authorities(self, usable: Sequence[Recipient]) -> None:
        """The authorities that this desk may write to now."""
        self.authority.choices = [*CHOOSE, *((one.authority_id, f"{one.name} ({one.country_name})") for one in usable)]

    def wish(self) -> Wish:
        """What was written."""
        return Wish(
            authority_id=self.authority.data,
            purpose=self.purpose.data,
            legal_basis=self.legal_basis.data,
            urgency=self.urgency.data,
            request=self.request.data,
            handling=tuple(self.handling.data or ()),
            why_you=self.why_you.data or "",
            conditions=self.conditions.data or "",
        )


class ReturnForm(TiplineForm):
    """Why a referral goes back."""

    reason = RadioField(_l("Why?"), choices=list(DESK_RETURNS.items()), validators=[Needed(_l("Choose why"))])
