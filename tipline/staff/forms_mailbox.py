"""The forms of what the desk writes to senders: a message, and the decision about a request."""

from __future__ import annotations

from typing import Any

from tipline import languages
from tipline.errors import BadInput, ReasonNeeded
from tipline.services import decisions, messages
from tipline.staff import words
from tipline.web.forms import CountedTextField, Needed, RadioField, SelectField, TiplineForm

LANGUAGES = [(one.tag, f"{one.label} ({one.native_name})") for one in languages.UI_LANGUAGES]
EMPTY = "Write what the sender is to read"
_REFUSALS = {
    ("reason_code", "unknown"): "Choose a reason that fits the decision",
    ("decision", "held"): "A hold keeps this tip. Lift it first, or refuse",
    ("decision", "restricted"): "This tip is restricted. Lift that first, or refuse",
    ("decision", "proposed"): "A referral with this tip is on its way. Take it back first, or refuse",
    ("decision", "handed-over"): "This tip was handed over, and its recipients need it to be there. Refuse",
}


class MessageForm(TiplineForm):
    """What the sender reads in the mailbox."""

    message = CountedTextField(
        "Message",
        [Needed(EMPTY)],
        limit=messages.TEXT_LIMIT,
        description="Plain and short. Whoever holds the receipt reads it: write nothing that only the sender may know.",
    )
    language = SelectField(
        "Language of this text", choices=LANGUAGES, validators=[Needed("Choose the language that you wrote in")]
    )


class DecisionForm(MessageForm):
    """What becomes of a request, and the words for the sender."""

    decision = RadioField(
        "Do you grant it?", validators=[Needed("Choose whether to grant the request or to refuse it")]
    )
    reason_code = SelectField("Reason", validators=[Needed("Choose the reason")])
    message = CountedTextField("Answer to the sender", limit=messages.TEXT_LIMIT)

    def __init__(self, *, erases: bool, against: bool, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        grant = ("grant", "Grant it: the tip is erased at once" if erases else "Grant it")
        self.decision.choices = [*([] if erases and against else [grant]), ("refuse", "Refuse it")]
        self.reason_code.choices = [("", "Choose"), *words.REQUEST_REASONS.items()]
        self.message.description = (
            "Needed for a refusal. When the tip is erased its mailbox goes with it, and nobody can read an answer."
            if erases
            else "The sender reads it in the mailbox. Leave out what would harm an investigation."
        )

    def refuse(self, refused: BadInput | ReasonNeeded) -> None:
        """Put a refusal of a service beside its field."""
        if isinstance(refused, ReasonNeeded):
            self.add_error("message", EMPTY)
        else:
            said = _REFUSALS.get((refused.field, refused.reason), "Choose or write something else here")
            self.add_error(refused.field, said)

    def answer(self) -> decisions.Answer:
        """What was decided."""
        return decisions.Answer(
            granted=self.decision.data == "grant",
            reason_code=self.reason_code.data,
            language=self.language.data,
            text=self.message.data or "",
        )
