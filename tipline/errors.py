"""What tipline refuses, by name.

Services and crypto raise these; ``web/pages.py`` and ``cli.py`` alone turn them into pages and words.
No refusal carries what a person wrote, an address, a file name, a receipt or a key.
"""

from __future__ import annotations


class Refused(Exception):  # noqa: N818 - a refusal is not an error of the program
    """The act does not happen. ``code`` is stable and is what the log keeps; ``status`` is the page's HTTP status."""

    code = "refused"
    status = 400


# Keys and sealed bytes


class CannotOpen(Refused):
    """Sealed bytes stay shut."""

    code = "cannot-open"


class NotForThisKey(CannotOpen):
    """Sealed to somebody else."""

    code = "not-for-this-key"


class Damaged(CannotOpen):
    """Truncated, changed, swapped or sealed for another purpose."""

    code = "damaged"


class WrongPassword(Refused):
    """The password does not unlock this account."""

    code = "wrong-password"


class ReceiptMistyped(Refused):
    """Not a receipt: a symbol is missing, too many, or impossible."""

    code = "receipt-mistyped"


class RecoveryCodeMistyped(Refused):
    """Not a recovery code, or its checksum does not fit."""

    code = "recovery-code-mistyped"


class KeyRefused(Refused):
    """A recipient's key or certificate that tipline will not encrypt to."""

    code = "key-refused"


class KeysMismatch(Refused):
    """A desk's people or keys are not what was signed: nothing is opened for them or sealed to them.

    ``why`` is a code: chain, memory, published, holder, grant, authority-key, mailbox.
    """

    code = "keys-mismatch"
    status = 409

    def __init__(self, desk_id: str, why: str) -> None:
        super().__init__(why)
        self.desk_id = desk_id
        self.why = why


# Who may do what


class NotAllowed(Refused):
    """This role may not do this."""

    code = "not-allowed"
    status = 403


class NotFound(Refused):
    """No such thing, or not yours: the two look the same."""

    code = "not-found"
    status = 404


class Withdrawn(NotFound):
    """It was shown at this address and is not any more; what was there is not said."""

    code = "withdrawn"
    status = 410


class SignInNeeded(Refused):
    """Nobody is signed in, or the session has ended."""

    code = "sign-in-needed"
    status = 401


class PasswordNeededAgain(Refused):
    """This act asks for the password again."""

    code = "password-needed-again"
    status = 403


class NeedsSecondPerson(Refused):
    """Proposer and approver must be two people."""

    code = "needs-second-person"
    status = 403


class ApprovalVoid(Refused):
    """What was proposed has changed since, or its 72 hours are over: it has to be proposed anew."""

    code = "approval-void"
    status = 409


class SignInFailed(Refused):
    """Name, password or code is wrong; which one is not said."""

    code = "sign-in-failed"


class PasskeyRefused(Refused):
    """What a browser sent for a passkey is not one of this moment, this address and this person."""

    code = "passkey-refused"


class SignInDelayed(Refused):
    """Too many failures: wait ``seconds`` before the next try."""

    code = "sign-in-delayed"
    status = 429

    def __init__(self, seconds: int) -> None:
        super().__init__(self.code)
        self.seconds = seconds


class Busy(Refused):
    """The service has no room for this right now; nothing was lost, try again."""

    code = "busy"
    status = 503


class Full(Busy):
    """Too many tips arrive at this moment: come back after ``seconds``; the draft is kept."""

    code = "full"
    seconds = 300


class OnceMore(Refused):
    """This was quicker than people are: press the button again in a moment; the draft is kept."""

    code = "once-more"


class Unavailable(Refused):
    """Disk or database is gone or full; nothing half-written stays."""

    code = "unavailable"
    status = 503


# Bad input, by field


class BadInput(Refused):
    """A field's value is refused; ``field`` names it, ``reason`` is a code that the door has words for."""

    code = "bad-input"

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(f"{field}: {reason}")
        self.field = field
        self.reason = reason


# Tips


class DraftGone(Refused):
    """The draft has expired, was deleted or never was: nothing of it can be read."""

    code = "draft-gone"
    status = 410


class DraftSpent(DraftGone):
    """The draft was sent: its keys are gone from here, only its receipt may still wait."""

    code = "draft-spent"


class VisitOver(Refused):
    """The mailbox is not open (any more): its receipt opens it again."""

    code = "visit-over"
    status = 410


class DraftIncomplete(Refused):
    """A draft without a narrative cannot be sent."""

    code = "draft-incomplete"


class DeskClosed(Refused):
    """No key to seal to: the door is closed, politely."""

    code = "desk-closed"
    status = 503


class TipOnHold(Refused):
    """A hold keeps this tip from erasure."""

    code = "tip-on-hold"
    status = 409


class ReasonNeeded(Refused):
    """Looking or changing needs a reason."""

    code = "reason-needed"


class WrongState(Refused):
    """The thing has moved on: this act does not fit its status any more."""

    code = "wrong-state"
    status = 409


class RestDue(Refused):
    """This person's own limit of looks in a shift is reached: they decide whether to go on."""

    code = "rest-due"
    status = 409


class LeftToColleagues(Refused):
    """This person has chosen to leave this kind of content to colleagues."""

    code = "left-to-colleagues"
    status = 409


class MailNotSent(Refused):
    """A mail did not leave. ``why``: off (none is set up), away (no server answers), later, refused (for good)."""

    code = "mail-not-sent"
    status = 503

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


class OpenElsewhere(Refused):
    """A colleague has this tip open: take it over first, or leave it to them."""

    code = "open-elsewhere"
    status = 409


class FileRefused(Refused):
    """A file that cannot be taken; ``reason`` is one of type, size, empty, too-many, bomb, broken, unreadable."""

    code = "file-refused"

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


# Disclosure


class ReferralRefused(Refused):
    """A referral that the rules do not let pass; ``reason`` is a code that the door has words for."""

    code = "referral-refused"
    status = 409

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class DigestMismatch(Refused):
    """The acknowledgement or the package does not carry the digest it should."""

    code = "digest-mismatch"
    status = 409


class LogBroken(Refused):
    """The chain of the log does not verify."""

    code = "log-broken"
