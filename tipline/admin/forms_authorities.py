"""Forms for authorities and their keys."""

from __future__ import annotations

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms.validators import Optional

from tipline.errors import BadInput
from tipline.services.authorities import AuthorityEntry
from tipline.services.countries import countries
from tipline.web.authority_words import BASES, KINDS
from tipline.web.forms import (
    AtMost,
    DateField,
    Needed,
    RadioField,
    SelectField,
    StringField,
    TextAreaField,
    TiplineForm,
)

THIRD_COUNTRY = _l("Choose the basis of the transfer: this is outside the EU and EEA, or an international organisation")
UNUSABLE_KEY = _l(
    "Nothing can be encrypted to this. Enter an age recipient that starts with age1, "
    "or a PEM certificate with an RSA key of at least 3,072 bits for encryption"
)
REFUSALS = {
    ("name", "length"): _l("Enter a name of at most 200 characters"),
    ("name", "taken"): _l("There is already an authority of this name"),
    ("country", "unknown"): _l("Choose a country"),
    ("kind", "unknown"): _l("Choose what kind of authority it is"),
    ("contact_point", "length"): _l("Enter a contact point of at most 300 characters"),
    ("transfer_basis", "unknown"): _l("Choose a transfer basis"),
    ("transfer_basis", "third-country"): THIRD_COUNTRY,
    ("basis_expires_on", "missing"): _l("Enter the date until which the basis holds"),
    ("basis_expires_on", "past"): _l("The date must be in the future"),
    ("recipient", "refused"): UNUSABLE_KEY,
    ("recipient", "same"): _l("This is the key that the authority already has"),
}


class _Refusable(TiplineForm):
    def refuse(self, refused: BadInput) -> None:
        """Put a refusal beside its field."""
        self.add_error(refused.field, REFUSALS[refused.field, refused.reason])


class AuthorityForm(_Refusable):
    """An authority's record."""

    name = StringField(_l("Name"), [Needed(_l("Enter the authority's name")), AtMost(200)])
    country = SelectField(_l("Country"))
    kind = RadioField(
        _l("Kind"), choices=list(KINDS.items()), validators=[Needed(_l("Choose what kind of authority it is"))]
    )
    contact_point = StringField(
        _l("Contact point"),
        [Needed(_l("Enter a contact point")), AtMost(300)],
        description=_l("The unit and its telephone number. A supervisor calls it to compare the key."),
    )
    transfer_basis = RadioField(
        _l("Transfer basis"), choices=list(BASES.items()), validators=[Needed(_l("Choose a transfer basis"))]
    )
    basis_expires_on = DateField(
        _l("The basis holds until"),
        [Optional()],
        description=_l(
            "Needed outside the EU and EEA and for international organisations. After this day nothing can be "
            "sent until it is renewed."
        ),
    )

    def offer_countries(self) -> None:
        """Fill the list, with nothing chosen at first."""
        self.country.choices = [("", _("Choose a country")), *((one.code, one.name) for one in countries().values())]

    def entry(self) -> AuthorityEntry:
        """What was typed."""
        return AuthorityEntry(
            name=self.name.data or "",
            country=self.country.data or "",
            kind=self.kind.data or "",
            contact_point=self.contact_point.data or "",
            transfer_basis=self.transfer_basis.data or "",
            basis_expires_on=self.basis_expires_on.data,
        )


class AuthorityKeyForm(_Refusable):
    """A key to encrypt to."""

    recipient = TextAreaField(
        _l("Key"),
        [Needed(_l("Enter the authority's key")), AtMost(20_000)],
        description=_l("An age recipient (age1…), or for an authority without one an X.509 RSA certificate in PEM."),
    )
