"""Forms for updates and for the figures of the campaign."""

from __future__ import annotations

import datetime as dt

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms.validators import InputRequired, NumberRange, Optional

from tipline import clock
from tipline.errors import BadInput
from tipline.services.announcing import LONGEST_BODY, UpdateWords
from tipline.services.figures import LARGEST, Counts
from tipline.web.forms import AtMost, DateField, IntegerField, Needed, StringField, TextAreaField, TiplineForm

REFUSALS = {
    "title": _l("Enter a title of at most 200 characters"),
    "body": _l("Enter a text of at most 10,000 characters"),
    "tips_received": _l("Enter at least one figure"),
    "as_of": _l("Enter a day that is not in the future"),
}


class UpdateWordsForm(TiplineForm):
    """An update's words in one language."""

    title = StringField(
        _l("Title"),
        [Needed(_l("Enter a title")), AtMost(200)],
        description=_l("Such as: An object has been recognised"),
    )
    body = TextAreaField(
        _l("Text"),
        [Needed(_l("Enter the text")), AtMost(LONGEST_BODY)],
        description=_l(
            "A few sentences. A blank line starts a new paragraph. You can use <p>, <br>, <strong>, <em>, "
            "<ul>, <ol> and <li>; everything else is taken out when you save."
        ),
    )

    def words(self) -> UpdateWords:
        """What was typed."""
        return UpdateWords(self.title.data or "", self.body.data or "")

    def refuse(self, refused: BadInput) -> None:
        """Put a refusal beside its field."""
        self.add_error(refused.field, REFUSALS[refused.field])


def _figure(label: str, hint: str) -> IntegerField:
    within = NumberRange(0, LARGEST, _("Enter a whole number from 0 to 100,000,000"))
    return IntegerField(label, [Optional(), within], description=hint)


class FiguresForm(TiplineForm):
    """The figures of the campaign as a whole; what is left empty is not shown."""

    tips_received = _figure(
        _l("Tips received"), _l("Of the whole campaign. Round it: nobody shall see when tips came.")
    )
    exhibits_recognised = _figure(_l("Objects recognised"), _l("Those too common to help count as well."))
    countries = _figure(_l("Countries involved"), _l("That tips came from or led to."))
    children_safeguarded = _figure(_l("Children brought to safety"), _l("Only what the authorities have confirmed."))
    as_of = DateField(
        _l("As of"), [InputRequired(_l("Enter the day that the figures stood for"))], default=lambda: clock.now().date()
    )

    def counts(self) -> Counts:
        """What was typed."""
        return Counts(
            self.tips_received.data,
            self.exhibits_recognised.data,
            self.countries.data,
            self.children_safeguarded.data,
        )

    def day(self) -> dt.date:
        """The day that was typed; the form holds one once it is valid."""
        return self.as_of.data or clock.now().date()

    def refuse(self, refused: BadInput) -> None:
        """Put a refusal beside its field."""
        self.add_error(refused.field, REFUSALS[refused.field])
