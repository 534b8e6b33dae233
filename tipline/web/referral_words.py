"""The words that the desk's and the administrators' pages have for referrals, packages and why they are refused."""

from __future__ import annotations

REFERRAL_STATES = {
    "drafted": ("Draft", "new"),
    "in_review": ("Waits for a second supervisor", "work"),
    "proposed": ("Agreed, package to be built", "work"),
    "waiting": ("Waits for an administrator", "work"),
    "released": ("Released", "done"),
    "sent": ("Sent", "done"),
    "acknowledged": ("Acknowledged", "done"),
    "returned": ("Returned", "danger"),
    "withdrawn": ("Withdrawn", "closed"),
    "expired": ("Expired", "closed"),
    "void": ("Void: the recipient changed", "danger"),
}
PACKAGE_STATES = {
    "waiting": ("Waits for a decision", "work"),
    "released": ("Released, not sent yet", "new"),
    "sent": ("Sent", "done"),
    "acknowledged": ("Acknowledged", "done"),
    "returned": ("Returned", "danger"),
    "expired": ("Expired", "closed"),
}
REFUSALS = {
    "no-tips": "There is no tip in it.",
    "erased": "A tip in it was erased.",
    "restricted": "A tip in it is restricted.",
    "quarantined": "A tip in it is in quarantine.",
    "ungraded": "A tip in it has no grade yet.",
    "grade-pending": "A grade waits for a supervisor.",
    "status": "A tip in it is not at a stage where it can be referred: it must be assessed and not closed.",
    "attachment-gone": "An attachment that was chosen is no longer there.",
    "attachment-quarantined": "An attachment that was chosen is in quarantine.",
    "attachment-unseen": "An attachment that was chosen has not been looked at by anybody yet.",
    "no-sanitised": "A tip in it has no sanitised narrative yet. Write it on the tip's page first.",
    "no-original": "The original text opens to supervisors only.",
    "edited": "Something was changed after it was read. What was agreed to is void; it must be proposed anew.",
    "expired": "It is older than 72 hours.",
    "key-changed": "The authority's key has changed since.",
    "key-unconfirmed": "No supervisor of this desk has confirmed the authority's key.",
    "key-expired": "The authority's key can no longer be used.",
    "no-key": "The authority has no key.",
    "basis-missing": "There is no basis for a transfer to this authority.",
    "basis-expired": "The basis for transfers to this authority has expired.",
    "inactive": "The authority is out of use.",
}
DESK_RETURNS = {
    "not-necessary": "It is not necessary for the purpose",
    "other-authority": "Another authority is competent",
    "too-much": "More would go out than is needed",
    "text-tells": "The text tells who wrote it, or names people",
    "grade": "The grade does not fit",
    "codes": "The handling codes do not fit",
    "basis": "The legal basis does not fit",
}
ADMIN_RETURNS = {
    "recipient": "It is the wrong recipient",
    "basis": "The legal or transfer basis does not fit",
    "purpose": "The purpose does not fit",
    "codes": "The handling codes do not fit",
    "too-much": "More would go out than is needed",
    "fingerprint": "The fingerprint is in doubt",
    "other": "Another reason, told in person",
}
RETURNS = {
    **DESK_RETURNS,
    **ADMIN_RETURNS,
    "withdrawn": "Withdrawn by the desk",
    "expired": "Older than 72 hours",
    "recipient-changed": "The recipient or its key changed",
    "tip-changed": "A tip in it was erased, restricted or quarantined",
}
CHANNELS = {
    "siena": "SIENA",
    "secure-mail": "Secure email",
    "courier": "Courier or post",
    "upload": "Upload to the authority",
    "in-person": "Handed over in person",
}


def refusal(reason: str) -> str:
    """Why something does not go out, as a sentence."""
    return REFUSALS.get(reason, "It cannot go out at this moment.")
