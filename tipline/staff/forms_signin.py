"""Forms of signing in, joining and one's own account."""

from __future__ import annotations

from typing import Any

from flask_babel import lazy_gettext as _l
from wtforms import ValidationError

from tipline.errors import BadInput
from tipline.services import passwords
from tipline.web.forms import CheckboxField, CodeField, HiddenField, Needed, PasswordField, StringField, TiplineForm

PASSWORD_REFUSALS = {
    "too-short": _l("Use at least 16 characters, or the six words offered above"),
    "too-long": _l("Use at most 200 characters"),
    "common": _l("Choose a password that is harder to guess: others use this one, or it holds your name"),
}
LABEL_REFUSALS = {
    "empty": _l("Enter a name for the passkey"),
    "too-long": _l("Use at most 60 characters"),
    "taken": _l("You have a passkey of this name. Choose another name"),
    "too-many": _l("You have ten passkeys already. Revoke one that you no longer use"),
}
CHANGES = {
    "passkey-added": _l("A passkey was added."),
    "passkey-revoked": _l("A passkey was revoked."),
    "codes-made": _l("Recovery codes were made."),
    "code-used": _l("Somebody signed in with a recovery code."),
    "app-changed": _l("Another authenticator app was set up."),
    "factor-reset": _l("The second factor was reset by two colleagues."),
    "password-changed": _l("The password was changed."),
}
PASSKEY_NOT_TAKEN = _l("The passkey was not added. Press the button once more and follow what your browser asks")
NOT_LET_IN = _l(
    "Name, password, code or passkey is not right. After several wrong tries you have to wait for up to 15 minutes"
)
CODE_NOT_TAKEN = _l("Name or code is not right, or the code has expired. Codes last 72 hours")
FACTOR_NOT_TAKEN = _l("This is not the code of this moment. Wait for the next one and enter it")
PASSWORD_WRONG = _l("This is not your password")


class WithoutSecret(Needed):
    """Must be entered unless a passkey's secret stands in its place."""

    def __call__(self, form: Any, field: Any) -> None:
        """Raise StopValidation when it is missing."""
        if not form.secret.data:
            super().__call__(form, field)


class SignInForm(TiplineForm):
    """Name, password and code, all on one page, so that no answer tells which of them was wrong."""

    name = StringField(_l("Name"), [WithoutSecret(_l("Enter your name"))])
    password = PasswordField(_l("Password"), [WithoutSecret(_l("Enter your password"))])
    code = CodeField(
        _l("One-time code"), description=_l("Six figures from your authenticator app, or one of your recovery codes")
    )
    answer = HiddenField()  # a passkey's, in the place of the code
    secret = HiddenField()  # what the browser made with it, in the place of name and password


class JoinForm(TiplineForm):
    """The invitation's name and code."""

    name = StringField(_l("Name"), [Needed(_l("Enter the name you were given"))])
    code = CodeField(
        _l("Invitation code"),
        [Needed(_l("Enter the code you were given"))],
        description=_l("Twelve letters and figures, such as K7QM-93XD-2R5T"),
    )


class PasswordChoiceForm(TiplineForm):
    """A new password, typed twice, beside six words that are offered."""

    password = PasswordField(_l("New password"), [Needed(_l("Enter the password you have chosen"))])
    again = PasswordField(_l("New password, once more"), [Needed(_l("Enter the password once more"))])
    proposal = HiddenField()

    def validate_again(self, field: Any) -> None:
        """Both must be the same."""
        if self.password.data and field.data != self.password.data:
            raise ValidationError(_l("The two passwords differ"))

    def offer(self) -> str:
        """The six words that this page offers: the same ones when it is shown again."""
        kept = (self.proposal.data or "").split("-")
        if len(kept) != 6 or not set(kept) <= set(passwords.words()):
            self.proposal.data = passwords.propose()
        return str(self.proposal.data)

    def refuse(self, refused: BadInput) -> None:
        """Say why a password was not taken."""
        self.add_error("password", PASSWORD_REFUSALS[refused.reason])


class ChangePasswordForm(PasswordChoiceForm):
    """The present password and a new one."""

    current = PasswordField(_l("Present password"), [Needed(_l("Enter your present password"))])


class FactorForm(TiplineForm):
    """The first code of a new second factor."""

    code = CodeField(
        _l("One-time code"),
        [Needed(_l("Enter the six figures that the app shows"))],
        description=_l("Six figures; the app shows new ones every 30 seconds"),
    )


class AddPasskeyForm(TiplineForm):
    """What the person calls a new passkey, and what the browser made."""

    label = StringField(
        _l("Name of the passkey"),
        [Needed(_l("Enter a name for the passkey"))],
        description=_l("So that you know it again, such as “Blue key” or “Office laptop”"),
    )
    opens = CheckboxField(
        _l("This passkey may also open my key, so that I can sign in without name and password"),
    )
    answer = HiddenField()
    secret = HiddenField()

    def refuse(self, refused: BadInput) -> None:
        """Say why a name was not taken."""
        self.add_error("label", LABEL_REFUSALS[refused.reason])


class AgainForm(TiplineForm):
    """The password once more."""

    password = PasswordField(_l("Password"), [Needed(_l("Enter your password"))])
