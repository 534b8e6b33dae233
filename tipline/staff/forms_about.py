"""The forms of what the desk reads out of a tip: people, countries, translations, and facts to hold back."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l

from tipline import languages
from tipline.errors import BadInput
from tipline.services import hold_backs, persons_mentioned, tip_translations
from tipline.services.countries import countries
from tipline.services.persons_mentioned import Mention
from tipline.staff import about_words as words
from tipline.staff.kept_fields import PageForm
from tipline.web.forms import (
    AtMost,
    CheckboxField,
    CountedTextField,
    Needed,
    RadioField,
    SelectField,
    StringField,
    TextAreaField,
    TiplineForm,
)

CHOOSE = [("", _l("Choose"))]


class AboutForm(TiplineForm):
    """Knows the words for what the services refuse."""

    def refuse(self, refused: BadInput) -> None:
        """Put a service's refusal beside its field."""
        said = words.REFUSALS.get((refused.field, refused.reason), _l("Choose or write something else here"))
        self.add_error(refused.field, said)


class PersonForm(AboutForm):
    """A person whom the tip names."""

    person_name = StringField(
        _l("Name, or what the tip calls the person"),
        [Needed(words.REFUSALS["person_name", "missing"]), AtMost(persons_mentioned.NAME_LIMIT)],
    )
    category = SelectField(_l("As what?"), choices=list(words.CATEGORIES.items()), default=persons_mentioned.UNVERIFIED)
    authority_ref = StringField(
        _l("Reference of the authority"),
        [AtMost(persons_mentioned.REFERENCE_LIMIT)],
        description=_l("Needed for a suspect or a convicted person."),
    )
    role = StringField(_l("What the tip says of them (optional)"), [AtMost(persons_mentioned.NAME_LIMIT)])
    necessity = TextAreaField(
        _l("Why must this person be written down?"),
        [Needed(words.REFUSALS["necessity", "missing"]), AtMost(persons_mentioned.TEXT_LIMIT)],
    )
    is_special = CheckboxField(_l("It says something of health, sex life, origin, belief or biometrics"))
    special = TextAreaField(
        _l("Why is that strictly necessary?"),
        [AtMost(persons_mentioned.TEXT_LIMIT)],
        description=_l("Only with the tick. The auditors are told that it is kept, not what it says."),
    )

    def said(self) -> Mention:
        """The person as the service takes it."""
        return Mention(
            name=self.person_name.data or "",
            category=self.category.data,
            role=self.role.data or "",
            necessity=self.necessity.data or "",
            authority_ref=self.authority_ref.data or "",
            is_special=self.is_special.data,
            special=(self.special.data or "") if self.is_special.data else "",
        )


class PlaceForm(AboutForm):
    """A country, and what it is to the tip."""

    meaning = SelectField(
        _l("What is said of the country?"),
        choices=[*CHOOSE, *words.MEANINGS.items()],
        validators=[Needed(_l("Choose"))],
    )
    country = SelectField(
        _l("Country"),
        choices=[*CHOOSE, *((code, one.name) for code, one in countries().items())],
        validators=[Needed(_l("Choose the country"))],
    )


class TranslationForm(AboutForm):
    """A translation beside the original."""

    translation_language = SelectField(
        _l("Into which language?"), choices=[(one.tag, one.label) for one in languages.UI_LANGUAGES], default="en"
    )
    made_by = RadioField(
        _l("Who made it?"),
        choices=list(words.MAKERS.items()),
        validators=[Needed(_l("Choose who made the translation"))],
    )
    translation = CountedTextField(
        _l("Translation"), [Needed(_l("Write the translation"))], limit=tip_translations.TEXT_LIMIT
    )


class FactForm(TiplineForm):
    """A fact that is not published."""

    fact = TextAreaField(
        _l("Fact that is not published"),
        [Needed(_l("Write the fact")), AtMost(hold_backs.TEXT_LIMIT)],
        description=_l("For example a mark that cannot be seen in the picture. Sealed to this desk."),
    )


def about_forms(failing: TiplineForm | None) -> dict[str, PageForm]:
    """The forms of a tip's page; the one that was sent and refused keeps its answers and errors."""
    kinds: dict[str, type[TiplineForm]] = {"person": PersonForm, "place": PlaceForm, "translation": TranslationForm}
    return {name: PageForm(kind, failing) for name, kind in kinds.items()}
