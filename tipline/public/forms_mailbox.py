"""The form for what a sender adds by receipt."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l

from tipline.languages import OTHER
from tipline.public.forms import CHILD_AT_RISK, LANGUAGES, as_data, check_other_language, chosen
from tipline.services.answers import LONGEST_LINE, LONGEST_NARRATIVE, Answers
from tipline.web.forms import (
    AtMost,
    CountedTextField,
    Needed,
    RadioField,
    SelectField,
    StringField,
    TiplineForm,
)


class AdditionForm(TiplineForm):
    """Something to add, to correct or to answer."""

    narrative = CountedTextField(
        _l("In your words"), [Needed(_l("Enter what you want to send"))], limit=LONGEST_NARRATIVE
    )
    tip_language = SelectField(
        _l("Which language are you writing in?"),
        [Needed(_l("Choose one of the answers in the list"))],
        choices=LANGUAGES,
    )
    other_language = StringField(_l("Name of the other language (optional)"), [AtMost(LONGEST_LINE)])
    child_at_risk = RadioField(_l("Is a child in danger now? (optional)"), choices=CHILD_AT_RISK, validate_choice=False)

    @classmethod
    def of(cls, answers: Answers | None, language_id: int) -> AdditionForm:
        """The form with what was written before, or else with the page's language chosen."""
        return cls(data=as_data(answers) if answers else {"tip_language": str(language_id)})

    def validate_other_language(self, field: StringField) -> None:
        """Writing in another language means saying which."""
        check_other_language(self.tip_language.data, field)

    def as_answers(self) -> Answers:
        """What was written, once the form is valid."""
        other = self.tip_language.data == str(OTHER.id)
        return Answers(
            narrative=self.narrative.data or "",
            tip_language=int(self.tip_language.data),
            other_language=(self.other_language.data or "") if other else "",
            child_at_risk=chosen(self.child_at_risk.data, CHILD_AT_RISK) == "yes",
        )
