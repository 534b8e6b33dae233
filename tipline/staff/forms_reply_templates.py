"""The form of a reply template in one language."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l

from tipline.errors import BadInput
from tipline.services import reply_templates
from tipline.staff.forms_mailbox import LANGUAGES
from tipline.web.forms import CountedTextField, Needed, SelectField, StringField, TiplineForm

CHOOSE = [("", _l("Choose"))]
_REFUSALS = {
    ("template_title", "taken"): _l("Another template of this desk has this name. Choose another one"),
    ("template_title", "long"): _l("Shorten the name to 80 characters"),
    ("template_title", "missing"): _l("Enter a name for the template"),
    ("message", "missing"): _l("Write what the sender is to read"),
}


class ReplyTemplateForm(TiplineForm):
    """A template's name, and its words in one language."""

    template_title = StringField(
        _l("Name, for colleagues"),
        [Needed(_REFUSALS["template_title", "missing"])],
        description=_l("For example: thanks, and which shop was it? The sender does not see it."),
    )
    language = SelectField(
        _l("Language of this text"),
        choices=[*CHOOSE, *LANGUAGES],
        validators=[Needed(_l("Choose the language of the text"))],
    )
    message = CountedTextField(
        _l("Text"),
        [Needed(_REFUSALS["message", "missing"])],
        limit=reply_templates.TEXT_LIMIT,
        description=_l("Write no name, no date and nothing of one tip: every sender may get it."),
    )

    def refuse(self, refused: BadInput) -> None:
        """Put a refusal of the service beside its field."""
        said = _REFUSALS.get((refused.field, refused.reason), _l("Choose or write something else here"))
        self.add_error(refused.field, said)
