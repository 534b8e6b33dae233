"""The form for a tip that comes by telephone, by letter or in person."""

from __future__ import annotations

import re
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms.validators import ValidationError

from tipline import languages
from tipline.services.answers import (
    LONGEST_LINE,
    LONGEST_LINK,
    LONGEST_NARRATIVE,
    MOST_COUNTRIES,
    MOST_LINKS,
    Answers,
    Identity,
)
from tipline.staff import words
from tipline.staff.forms_tip import CHOOSE
from tipline.web.forms import (
    AtMost,
    CheckboxField,
    CountedTextField,
    EmailField,
    Needed,
    RadioField,
    SelectField,
    StringField,
    TelField,
    TextAreaField,
    TiplineForm,
)

_NOT_SAID = ("", _l("Not said"))


class IntakeForm(TiplineForm):
    """What somebody says or has written, in their own words; only these and the language are needed."""

    channel = RadioField(
        _l("How did it come?"),
        choices=[(code, words.CHANNELS[code]) for code in ("telephone", "letter", "in-person")],
        validators=[Needed(_l("Choose how it came"))],
    )
    exhibit = SelectField(_l("Object"))
    narrative = CountedTextField(
        _l("What they say"),
        [Needed(_l("Write down what they say"))],
        description=_l("In their words and their language, as far as you can."),
        limit=LONGEST_NARRATIVE,
    )
    tip_language = SelectField(
        _l("Language of these words"),
        [Needed(_l("Choose the language"))],
        choices=[*CHOOSE, *((str(one.id), one.label) for one in sorted(languages.TERMS, key=lambda one: one.label))],
    )
    other_language = StringField(_l("Name of the other language (optional)"), [AtMost(LONGEST_LINE)])
    child_at_risk = CheckboxField(_l("A child may be in danger now"))
    how_known = SelectField(_l("How do they know?"), choices=[_NOT_SAID, *words.HOW_KNOWN.items()])
    certainty = SelectField(_l("How sure are they?"), choices=[_NOT_SAID, *words.CERTAINTY.items()])
    product = StringField(_l("Brand, maker or seller (optional)"), [AtMost(LONGEST_LINE)])
    countries = StringField(
        _l("Countries (optional)"), [AtMost(MOST_COUNTRIES * 60)], description=_l("With commas between them.")
    )
    years = StringField(_l("Years (optional)"), [AtMost(LONGEST_LINE)])
    place = StringField(_l("Place (optional)"), [AtMost(LONGEST_LINE)])
    links = TextAreaField(_l("Links (optional)"), description=_l("One on each line."))
    shared_elsewhere = SelectField(_l("Have they told others?"), choices=[_NOT_SAID, *words.SHARED.items()])
    name = StringField(_l("Name (optional)"), [AtMost(LONGEST_LINE)], description=_l("Only if they want to give it."))
    email = EmailField(_l("Email address (optional)"), [AtMost(LONGEST_LINE)])
    phone = TelField(_l("Telephone number (optional)"), [AtMost(LONGEST_LINE)])

    def __init__(self, exhibits: tuple[tuple[str, str], ...] = (), **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.exhibit.choices = [("", _("No object named")), *exhibits]

    def validate_links(self, field: TextAreaField) -> None:
        """A bounded number of bounded links."""
        lines = (field.data or "").split("\n")
        if len(lines) > MOST_LINKS or any(len(line) > LONGEST_LINK for line in lines):
            raise ValidationError(f"Enter at most {MOST_LINKS} links, each of at most {LONGEST_LINK} characters")

    def as_answers(self) -> Answers:
        """The answers, once the form is valid."""
        language_id = int(self.tip_language.data)
        return Answers(
            narrative=self.narrative.data or "",
            tip_language=language_id,
            other_language=(self.other_language.data or "") if language_id == languages.OTHER.id else "",
            how_known=self.how_known.data or "",
            certainty=self.certainty.data or "",
            product=self.product.data or "",
            countries=_parts(r"[,;\n]", self.countries.data),
            years=self.years.data or "",
            place=self.place.data or "",
            links=_parts(r"\n", self.links.data),
            shared_elsewhere=self.shared_elsewhere.data or "",
            child_at_risk=bool(self.child_at_risk.data),
        )

    def as_identity(self) -> Identity:
        """Name and contact, where the profile asks for them."""
        return Identity(*(self[name].data or "" if name in self else "" for name in ("name", "email", "phone")))


class ReadOutForm(TiplineForm):
    """The notice was told before the tip is sent."""

    acknowledge = CheckboxField(
        _l("I have told them how their words are used, or the letter is answered with the notice"),
        [Needed(_l("Tell them how their words are used first"))],
    )


def _parts(separator: str, text: str | None) -> tuple[str, ...]:
    return tuple(part.strip() for part in re.split(separator, text or "") if part.strip())
