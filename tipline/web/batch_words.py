"""Words for outcomes of exhibits and for batches, for the administrators' pages. The public sees none of them."""

from __future__ import annotations

OUTCOMES = {
    "identified_country": "Identified: leads to one country",
    "identified_region": "Identified: leads to a region or a few countries",
    "eliminated_too_common": "Eliminated: sold too widely. This is a success too, it ends a search",
    "solved": "Solved",
    "withdrawn": "Withdrawn by the authority that asked for it",
}
ACTS = {"publish": "Publish", "withdraw": "Withdraw", "close": "No longer needed"}
REASONS = {
    "danger": "Somebody is in danger",
    "case": "An investigation needs it now",
    "mistake": "The picture or the words are wrong",
    "request": "A court, an authority or an owner asks for it",
    "start": "Nothing is public yet, or this is a trial",
}
STATES = {"waiting": ("Waits", "work"), "done": ("Done", "done"), "cancelled": ("Cancelled", "closed")}
LEFT_OUT = {
    "already": "was so already",
    "withdrawn": "left out: it was withdrawn meanwhile",
    "words": "left out: it has no English words",
    "picture": "left out: it has no picture",
    "exhibit": "left out: none of its exhibits was published",
    "desk": "left out: its desk was not open",
    "outcome": "left out: no outcome is recorded",
}
