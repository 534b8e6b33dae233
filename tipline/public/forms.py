"""The forms of the tip journey and of the receipt page: one class a page."""

from __future__ import annotations

import re
from typing import Any

from flask_babel import lazy_gettext as _l
from werkzeug.datastructures import FileStorage
from wtforms.validators import ValidationError

from tipline.languages import OTHER, TERMS
from tipline.services.answers import (
    LONGEST_LINE,
    LONGEST_LINK,
    LONGEST_NARRATIVE,
    MOST_COUNTRIES,
    MOST_LINKS,
    Answers,
    Identity,
)
from tipline.web.forms import (
    AtMost,
    CheckboxField,
    CodeField,
    CountedTextField,
    EmailField,
    FilesField,
    Needed,
    RadioField,
    SelectField,
    StringField,
    TelField,
    TextAreaField,
    TiplineForm,
)

HOW_KNOWN = [
    ("first_hand", _l("I have seen it or used it myself")),
    ("owns_or_sold_it", _l("I own one, or I have made or sold it")),
    ("found_online", _l("I found it on the internet")),
    ("told", _l("Somebody told me")),
    ("other", _l("In another way")),
]
CERTAINTY = [("sure", _l("I am sure")), ("think_so", _l("I think so")), ("guess", _l("It is a guess"))]
SHARED_ELSEWHERE = [
    ("no", _l("No")),
    ("police", _l("Yes, the police or another authority")),
    ("others", _l("Yes, somebody else, or I have written about it online")),
]
CHILD_AT_RISK = [("yes", _l("Yes, or it may be")), ("no", _l("No, not that I know of"))]

_EMAIL = re.compile(r"[^@\s]+@[^@\s.]+(?:\.[^@\s.]+)+")
_SEPARATORS = re.compile(r"[,;\n]+")
LANGUAGES = [
    *(
        (str(term.id), term.native_name)
        for term in sorted((term for term in TERMS if term is not OTHER), key=lambda term: term.native_name.casefold())
    ),
    (str(OTHER.id), _l("Another language")),
]


class TipForm(TiplineForm):
    """What do you know? Only the narrative is needed."""

    narrative = CountedTextField(
        _l("Tell us what you know"),
        [Needed(_l("Enter what you know about this object"))],
        description=_l("What is it, where have you seen it, who makes or sells it? A short answer is fine."),
        limit=LONGEST_NARRATIVE,
    )
    tip_language = SelectField(
        _l("Which language are you writing in?"),
        [Needed(_l("Choose one of the answers in the list"))],
        choices=LANGUAGES,
    )
    other_language = StringField(_l("Name of the other language (optional)"), [AtMost(LONGEST_LINE)])
    how_known = RadioField(_l("How do you know this? (optional)"), choices=HOW_KNOWN, validate_choice=False)
    certainty = RadioField(_l("How sure are you? (optional)"), choices=CERTAINTY, validate_choice=False)
    child_at_risk = RadioField(_l("Is a child in danger now? (optional)"), choices=CHILD_AT_RISK, validate_choice=False)
    product = StringField(
        _l("Brand, maker or seller (optional)"), [AtMost(LONGEST_LINE)], description=_l("For example a name on a label")
    )
    countries = StringField(
        _l("Countries where it is sold or used (optional)"),
        [AtMost(MOST_COUNTRIES * 60)],
        description=_l("Put a comma between them"),
    )
    years = StringField(
        _l("Years when it was sold or used (optional)"),
        [AtMost(LONGEST_LINE)],
        description=_l("For example 2013 to 2015, or before 2010"),
    )
    place = StringField(
        _l("Place (optional)"),
        [AtMost(LONGEST_LINE)],
        description=_l("A town, a shop, a hotel, or coordinates from a map"),
    )
    links = TextAreaField(
        _l("Links (optional)"),
        description=_l("One on each line, for example to a shop or a catalogue. Never to pictures of abuse."),
    )
    shared_elsewhere = RadioField(
        _l("Have you told anybody else? (optional)"), choices=SHARED_ELSEWHERE, validate_choice=False
    )

    is_untouched = False  # nothing in it but what the page's language chooses

    @classmethod
    def of(cls, answers: Answers | None, language_id: int) -> TipForm:
        """The form with what was answered before, or else with the page's language chosen."""
        form = cls(data=as_data(answers) if answers else {"tip_language": str(language_id)})
        form.is_untouched = answers is None
        return form

    def validate_other_language(self, field: StringField) -> None:
        """Writing in another language means saying which."""
        check_other_language(self.tip_language.data, field)

    def validate_links(self, field: TextAreaField) -> None:
        """A bounded number of bounded links."""
        lines = _lines(field.data)
        if len(lines) > MOST_LINKS:
            raise ValidationError(_l("Enter %(count)s links or fewer", count=MOST_LINKS))
        if any(len(line) > LONGEST_LINK for line in lines):
            raise ValidationError(_l("Shorten each link to %(count)s characters or fewer", count=LONGEST_LINK))

    def as_answers(self) -> Answers:
        """The answers, once the form is valid."""
        other = self.tip_language.data == str(OTHER.id)
        return Answers(
            narrative=self.narrative.data or "",
            tip_language=int(self.tip_language.data),
            other_language=(self.other_language.data or "") if other else "",
            how_known=chosen(self.how_known.data, HOW_KNOWN),
            certainty=chosen(self.certainty.data, CERTAINTY),
            product=self.product.data or "",
            countries=tuple(part.strip() for part in _SEPARATORS.split(self.countries.data or "") if part.strip()),
            years=self.years.data or "",
            place=self.place.data or "",
            links=tuple(_lines(self.links.data)),
            shared_elsewhere=chosen(self.shared_elsewhere.data, SHARED_ELSEWHERE),
            child_at_risk=chosen(self.child_at_risk.data, CHILD_AT_RISK) == "yes",
        )

    @property
    def has_details(self) -> bool:
        """Whether the second part holds an answer or an error, and so stands open."""
        fields = (self.product, self.countries, self.years, self.place, self.links, self.shared_elsewhere)
        return any(field.data or field.errors for field in fields)


class FilesForm(TiplineForm):
    """Photographs and documents."""

    files = FilesField(_l("Choose files"))

    def named(self) -> list[tuple[str, Any]]:
        """The files that were chosen: name and where their bytes went."""
        chosen = [file for file in self.files.data or () if isinstance(file, FileStorage)]
        return [(file.filename, file.stream) for file in chosen if file.filename]


class ContactForm(TiplineForm):
    """How to reach the tipster; all of it by choice."""

    name = StringField(_l("Name (optional)"), [AtMost(LONGEST_LINE)])
    email = EmailField(_l("Email address (optional)"), [AtMost(LONGEST_LINE)])
    phone = TelField(_l("Telephone number (optional)"), [AtMost(LONGEST_LINE)])

    def validate_email(self, field: EmailField) -> None:
        """It must look like an address."""
        if field.data and not _EMAIL.fullmatch(field.data):
            raise ValidationError(_l("Enter an email address like name@example.org"))

    def as_identity(self) -> Identity:
        """The contact details, once the form is valid."""
        return Identity(self.name.data or "", self.email.data or "", self.phone.data or "")


class SendForm(TiplineForm):
    """The last step: the notice is acknowledged, not consented to."""

    acknowledge = CheckboxField(
        _l("I have seen the privacy notice"), [Needed(_l("Confirm that you have seen the privacy notice"))]
    )


class ActForm(TiplineForm):
    """A button."""


class ReceiptForm(TiplineForm):
    """The secret code of somebody who comes back."""

    receipt = CodeField(
        _l("Your receipt"),
        [Needed(_l("Enter your receipt")), AtMost(LONGEST_LINE)],
        description=_l("20 letters and figures, like 7K3M9-QXT2A-BC4DE-FGH6J. Capitals and dashes do not matter."),
    )


def as_data(answers: Answers) -> dict[str, Any]:
    """Answers as the fields of a form hold them."""
    return {
        "narrative": answers.narrative,
        "tip_language": str(answers.tip_language),
        "other_language": answers.other_language,
        "how_known": answers.how_known,
        "certainty": answers.certainty,
        "child_at_risk": "yes" if answers.child_at_risk else "",
        "product": answers.product,
        "countries": ", ".join(answers.countries),
        "years": answers.years,
        "place": answers.place,
        "links": "\n".join(answers.links),
        "shared_elsewhere": answers.shared_elsewhere,
    }


def check_other_language(chosen_language: str | None, field: StringField) -> None:
    """Raise ValidationError unless whoever writes in another language says in which."""
    if chosen_language == str(OTHER.id) and not field.data:
        raise ValidationError(_l("Enter the name of the language you are writing in"))


def chosen(code: str | None, choices: list[tuple[str, Any]]) -> str:
    """The code that was chosen, or nothing: what is not on the list is no answer."""
    return code if code and any(code == known for known, _word in choices) else ""


def _lines(text: str | None) -> list[str]:
    return [line.strip() for line in (text or "").split("\n") if line.strip()]
