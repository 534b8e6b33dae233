"""Forms of a desk: the key words of a colleague, and recovery codes."""

from __future__ import annotations

from typing import Any

from flask_babel import lazy_gettext as _l

from tipline.errors import BadInput, NeedsSecondPerson, RecoveryCodeMistyped, Refused
from tipline.services import transfers
from tipline.web.forms import (
    AtMost,
    CodeField,
    Needed,
    RadioField,
    SelectField,
    StringField,
    TextAreaField,
    TiplineForm,
)

KINDS = (("content", _l("The content code")), ("identity", _l("The identity code")))
WORDS_DIFFER = _l("These are not the words of this colleague's key. Listen again; if they still differ, do not go on")
CODE_REFUSALS = {
    "recovery-code-mistyped": _l("This code has a slip in it: compare it group by group with the paper"),
    "bad-input": _l("This is a code of another desk or an earlier one, or it is the other one of the two"),
    "needs-second-person": _l("You have confirmed this code already: the second time is for another supervisor"),
}


class GrantForm(TiplineForm):
    """What the colleague read out."""

    words = StringField(
        _l("The six words that your colleague reads out"),
        [Needed(_l("Enter the six words"))],
        description=_l("Speak to each other, face to face or by telephone. Do not copy the words from a message"),
    )

    def refuse(self, _refused: BadInput) -> None:
        """Say that the words differ."""
        self.add_error("words", WORDS_DIFFER)


class CodeForm(TiplineForm):
    """Which of the two codes, and what stands on the paper."""

    kind = RadioField(_l("Which code"), [Needed(_l("Choose which code"))], choices=KINDS)
    code = CodeField(
        _l("The code on the paper"),
        [Needed(_l("Enter the code"))],
        description=_l("Fourteen groups of four; dashes and capitals do not matter"),
    )

    def refuse(self, refused: Refused) -> None:
        """Say why a code was not taken."""
        self.add_error("code", CODE_REFUSALS[refused.code])


class HandOverForm(TiplineForm):
    """To which desk a tip goes, and why."""

    desk = SelectField(_l("To which desk"), [Needed(_l("Choose the desk"))])
    reason = TextAreaField(
        _l("Why it belongs there"),
        [Needed(_l("Enter why it belongs there")), AtMost(transfers.REASON_LIMIT)],
        description=_l("Sealed with the tip; both desks see that it was handed over"),
    )

    def __init__(self, desks: tuple[tuple[str, str], ...] = (), **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.desk.choices = [("", _l("Choose")), *desks] if desks else []

    def refuse(self, _refused: BadInput) -> None:
        """Say that the desk has just closed."""
        self.add_error("desk", _l("This desk takes no tips now. Choose another one"))


REFUSED_CODES = (RecoveryCodeMistyped, BadInput, NeedsSecondPerson)
