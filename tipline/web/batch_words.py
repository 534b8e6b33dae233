"""Words for outcomes of exhibits and for batches, for the administrators' pages. The public sees none of them."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l

OUTCOMES = {
    "identified_country": _l("Identified: leads to one country"),
    "identified_region": _l("Identified: leads to a region or a few countries"),
    "eliminated_too_common": _l("Eliminated: sold too widely. This is a success too, it ends a search"),
    "solved": _l("Solved"),
    "withdrawn": _l("Withdrawn by the authority that asked for it"),
}
ACTS = {"publish": _l("Publish"), "withdraw": _l("Withdraw"), "close": _l("No longer needed")}
REASONS = {
    "danger": _l("Somebody is in danger"),
    "case": _l("An investigation needs it now"),
    "mistake": _l("The picture or the words are wrong"),
    "request": _l("A court, an authority or an owner asks for it"),
    "start": _l("Nothing is public yet, or this is a trial"),
}
STATES = {
    "proposed": (_l("Needs a second administrator"), "new"),
    "waiting": (_l("Waits"), "work"),
    "done": (_l("Done"), "done"),
    "cancelled": (_l("Cancelled"), "closed"),
}
SECOND = _l("Proposed. The public sees it once a second administrator has agreed, within 72 hours.")
LEFT_OUT = {
    "already": _l("was so already"),
    "changed": _l("left out: it was changed after a second administrator had agreed"),
    "withdrawn": _l("left out: it was withdrawn meanwhile"),
    "words": _l("left out: it has no English words"),
    "picture": _l("left out: it has no picture"),
    "exhibit": _l("left out: none of its exhibits was published"),
    "desk": _l("left out: its desk was not open"),
    "outcome": _l("left out: no outcome is recorded"),
}
