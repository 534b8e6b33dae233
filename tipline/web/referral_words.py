"""The words that the desk's and the administrators' pages have for referrals, packages and why they are refused."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l

REFERRAL_STATES = {
    "drafted": (_l("Draft"), "new"),
    "in_review": (_l("Waits for a second supervisor"), "work"),
    "proposed": (_l("Agreed, package to be built"), "work"),
    "waiting": (_l("Waits for an administrator"), "work"),
    "released": (_l("Released"), "done"),
    "sent": (_l("Sent"), "done"),
    "acknowledged": (_l("Acknowledged"), "done"),
    "returned": (_l("Returned"), "danger"),
    "withdrawn": (_l("Withdrawn"), "closed"),
    "expired": (_l("Expired"), "closed"),
    "void": (_l("Void: the recipient changed"), "danger"),
}
PACKAGE_STATES = {
    "waiting": (_l("Waits for a decision"), "work"),
    "released": (_l("Released, not sent yet"), "new"),
    "sent": (_l("Sent"), "done"),
    "acknowledged": (_l("Acknowledged"), "done"),
    "returned": (_l("Returned"), "danger"),
    "expired": (_l("Expired"), "closed"),
}
REFUSALS = {
    "no-tips": _l("There is no tip in it."),
    "erased": _l("A tip in it was erased."),
    "restricted": _l("A tip in it is restricted."),
    "quarantined": _l("A tip in it is in quarantine."),
    "not-a-unit": _l("A tip in it may only be forwarded, and only to a national unit."),
    "ungraded": _l("A tip in it has no grade yet."),
    "grade-pending": _l("A grade waits for a supervisor."),
    "status": _l("A tip in it is not at a stage where it can be referred: it must be assessed and not closed."),
    "attachment-gone": _l("An attachment that was chosen is no longer there."),
    "attachment-quarantined": _l("An attachment that was chosen is in quarantine."),
    "attachment-unseen": _l("An attachment that was chosen has not been looked at by anybody yet."),
    "no-sanitised": _l("A tip in it has no sanitised narrative yet. Write it on the tip's page first."),
    "no-original": _l("The original text opens to supervisors only."),
    "edited": _l("Something was changed after it was read. What was agreed to is void; it must be proposed anew."),
    "expired": _l("It is older than 72 hours."),
    "key-changed": _l("The authority's key has changed since."),
    "key-unconfirmed": _l("No supervisor of this desk has confirmed the authority's key."),
    "key-expired": _l("The authority's key can no longer be used."),
    "no-key": _l("The authority has no key."),
    "basis-missing": _l("There is no basis for a transfer to this authority."),
    "basis-expired": _l("The basis for transfers to this authority has expired."),
    "inactive": _l("The authority is out of use."),
}
DESK_RETURNS = {
    "not-necessary": _l("It is not necessary for the purpose"),
    "other-authority": _l("Another authority is competent"),
    "too-much": _l("More would go out than is needed"),
    "text-tells": _l("The text tells who wrote it, or names people"),
    "grade": _l("The grade does not fit"),
    "codes": _l("The handling codes do not fit"),
    "basis": _l("The legal basis does not fit"),
}
ADMIN_RETURNS = {
    "recipient": _l("It is the wrong recipient"),
    "basis": _l("The legal or transfer basis does not fit"),
    "purpose": _l("The purpose does not fit"),
    "codes": _l("The handling codes do not fit"),
    "too-much": _l("More would go out than is needed"),
    "fingerprint": _l("The fingerprint is in doubt"),
    "other": _l("Another reason, told in person"),
}
RETURNS = {
    **DESK_RETURNS,
    **ADMIN_RETURNS,
    "withdrawn": _l("Withdrawn by the desk"),
    "expired": _l("Older than 72 hours"),
    "recipient-changed": _l("The recipient or its key changed"),
    "tip-changed": _l("A tip in it was erased, restricted or quarantined"),
}
CHANNELS = {
    "siena": "SIENA",
    "secure-mail": _l("Secure email"),
    "courier": _l("Courier or post"),
    "upload": _l("Upload to the authority"),
    "in-person": _l("Handed over in person"),
}


def refusal(reason: str) -> str:
    """Why something does not go out, as a sentence."""
    return REFUSALS.get(reason, "It cannot go out at this moment.")
