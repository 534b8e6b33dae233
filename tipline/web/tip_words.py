"""Words for codes of tips that more than one door shows."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l

DISPOSITIONS = {
    "actionable_referred": _l("Actionable, and referred"),
    "intelligence_only": _l("Intelligence only"),
    "duplicate": _l("Duplicate of another tip"),
    "already_known": _l("Already known"),
    "insufficient_information": _l("Not enough information"),
    "not_corroborated": _l("Could not be corroborated"),
    "eliminated_too_common": _l("Eliminated: the object is too common"),
    "refuted": _l("Refuted"),
    "out_of_mandate_forwarded": _l("Outside our mandate, forwarded"),
    "disclosure_safeguarding": _l("Somebody's own disclosure, passed to safeguarding"),
    "illegal_content_handed_over": _l("Illegal content, handed over"),
    "malicious_or_abusive": _l("Malicious or abusive"),
    "spam": _l("Spam"),
    "test": _l("Test"),
}
