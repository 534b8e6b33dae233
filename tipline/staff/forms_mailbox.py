"""The forms of what the desk writes to senders: a message, and the decision about a request."""

from __future__ import annotations

from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from tipline import languages
from tipline.errors import BadInput, ReasonNeeded
from tipline.services import decisions, messages
from tipline.staff import words
from tipline.web.forms import CountedTextField, Needed, RadioField, SelectField, TiplineForm

LANGUAGES = [(one.tag, f"{one.label} ({one.native_name})") for one in languages.UI_LANGUAGES]
EMPTY = _l("Write what the sender is to read")
_REFUSALS = {
    ("reason_code", "unknown"): _l("Choose a reason that fits the decision"),
    ("decision", "held"): _l("A hold keeps this tip. Lift it first, or refuse"),
    ("decision", "restricted"): _l("This tip is restricted. Lift that first, or refuse"),
    ("decision", "proposed"): _l("A referral with this tip is on its way. Take it back first, or refuse"),
    ("decision", "handed-over"): _l("This tip was handed over, and its recipients need it to be there. Refuse"),
}


class MessageForm(TiplineForm):
    """What the sender reads in the mailbox."""

    message = CountedTextField(
        _l("Message"),
        [Needed(EMPTY)],
        limit=messages.TEXT_LIMIT,
        description=_l(
            "Plain and short. Whoever holds the receipt reads it: write nothing that only the sender may know."
        ),
    )
    language = SelectField(
        _l("Language of this text"), choices=LANGUAGES, validators=[Needed(_l("Choose the language that you wrote in"))]
    )


class LetterForm(MessageForm):
    """A message that a template can begin.

    Its language has to be chosen: a text in another language than it says is lost on its reader.
    """

    template = SelectField(_l("Begin with a template (optional)"))
    language = SelectField(
        _l("Language of this text"),
        choices=[("", _l("Choose")), *LANGUAGES],
        validators=[Needed(_l("Choose the language that you wrote in"))],
    )

    def __init__(self, templates: list[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.template.choices = [("", _("Choose")), *templates]

    def begin_with(self, text: str, language: str) -> None:
        """Put a template's text before what is typed already, and say which language it is in."""
        typed = (self.message.data or "").strip()
        self.message.data = f"{text}\n\n{typed}" if typed and typed != text else text
        self.language.data = language


class DecisionForm(MessageForm):
    """What becomes of a request, and the words for the sender."""

    decision = RadioField(
        _l("Do you grant it?"), validators=[Needed(_l("Choose whether to grant the request or to refuse it"))]
    )
    reason_code = SelectField(_l("Reason"), validators=[Needed(_l("Choose the reason"))])
    message = CountedTextField(_l("Answer to the sender"), limit=messages.TEXT_LIMIT)

    def __init__(self, *, erases: bool, against: bool, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        grant = ("grant", _("Grant it: the tip is erased at once") if erases else _("Grant it"))
        self.decision.choices = [*([] if erases and against else [grant]), ("refuse", _("Refuse it"))]
        self.reason_code.choices = [("", _("Choose")), *words.REQUEST_REASONS.items()]
        self.message.description = (
            _("Needed for a refusal. When the tip is erased its mailbox goes with it, and nobody can read an answer.")
            if erases
            else _("The sender reads it in the mailbox. Leave out what would harm an investigation.")
        )

    def refuse(self, refused: BadInput | ReasonNeeded) -> None:
        """Put a refusal of a service beside its field."""
        if isinstance(refused, ReasonNeeded):
            self.add_error("message", EMPTY)
        else:
            said = _REFUSALS.get((refused.field, refused.reason), _("Choose or write something else here"))
            self.add_error(refused.field, said)

    def answer(self) -> decisions.Answer:
        """What was decided."""
        return decisions.Answer(
            granted=self.decision.data == "grant",
            reason_code=self.reason_code.data,
            language=self.language.data,
            text=self.message.data or "",
        )
