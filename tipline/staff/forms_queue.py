"""The forms beside the queue: labels, views, settings, acts on many tips."""

from __future__ import annotations

from typing import Any

from flask_babel import lazy_gettext as _l

from tipline import languages
from tipline.services import countries, labels, saved_views, tips
from tipline.staff import words
from tipline.staff.forms_tip import CHOOSE
from tipline.web.forms import (
    AtMost,
    CheckboxesField,
    CheckboxField,
    Needed,
    SelectField,
    StringField,
    TextAreaField,
    TiplineForm,
)

REFUSALS = {
    ("label_name", "taken"): _l("This desk has a label of this name. Choose another name"),
    ("label_name", "too-many"): _l("This desk has as many labels as fit. Remove one first"),
    ("view_name", "taken"): _l("There is a view of this name. Choose another name"),
    ("view_name", "too-many"): _l("You have as many views as fit. Remove one first"),
    ("assignee", "unknown"): _l("This person is not at this desk any more. Choose somebody else"),
}


class LabelForm(TiplineForm):
    """A label's name and look."""

    label_name = StringField(
        _l("Name of the label"),
        [Needed(_l("Enter a name")), AtMost(labels.LONGEST)],
        description=f"At most {labels.LONGEST} characters, such as “Ask the lab”. Sealed to the desk.",
    )
    tone = SelectField(_l("Colour"), choices=list(words.TONES.items()), validators=[Needed(_l("Choose a colour"))])


class PutLabelForm(TiplineForm):
    """A label for a tip: one of the desk's words, or a country."""

    label = SelectField(_l("Label or country"), validators=[Needed(_l("Choose a label"))])

    def __init__(self, known: tuple[labels.Label, ...] = (), **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.label.choices = [*CHOOSE, *((one.id, one.name) for one in known if not one.country), *COUNTRIES]


class ViewForm(TiplineForm):
    """A name for the filter."""

    view_name = StringField(
        _l("Name of the view"),
        [Needed(_l("Enter a name")), AtMost(saved_views.LONGEST)],
        description=f"At most {saved_views.LONGEST} characters. Sealed to the desk.",
    )
    shared = CheckboxField(_l("Show it to the whole desk"))


class SettingsForm(TiplineForm):
    """How somebody works."""

    languages = CheckboxesField(
        _l("Languages you read"),
        choices=[(str(term.id), term.label) for term in sorted(languages.TERMS, key=lambda term: term.label)],
        description="“Take the next tip” gives you tips in these languages. Choose none to get tips in all of them.",
    )
    keys_on = CheckboxField(_l("Single keys do something, such as j for the next tip"))


class BulkAssignForm(TiplineForm):
    """Who gets them."""

    assignee = SelectField(_l("Give to"), validators=[Needed(_l("Choose who gets them"))])

    def __init__(self, members: tuple[tuple[str, str], ...] = (), **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.assignee.choices = [*CHOOSE, *members]


class BulkCloseForm(TiplineForm):
    """How they end."""

    disposition = SelectField(
        _l("Close all as"),
        choices=[*CHOOSE, *words.DISPOSITIONS.items()],
        validators=[Needed(_l("Choose how they end"))],
    )
    disposition_reason = TextAreaField(
        _l("Reason"),
        [Needed(_l("Say why they end like this")), AtMost(tips.REASON_LIMIT)],
        description=_l("It is sealed to each of the tips."),
    )


COUNTRIES = [(code, f"Country: {one.name}") for code, one in countries.countries().items()]
