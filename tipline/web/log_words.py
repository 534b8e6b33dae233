"""Words for the codes of the log and the clocks."""

from __future__ import annotations

CHAINS = {
    "public": "Public",
    "staff": "Reviewers and supervisors",
    "admin": "Administrators and auditors",
    "jobs": "Timer",
}
FAULTS = {
    "missing": "an entry is missing",
    "chain": "an entry does not follow from the one before",
    "changed": "an entry was changed",
    "segment-gap": "a segment does not follow from the one before",
    "segment-signature": "the signature of a segment does not fit",
    "segment-hash": "a segment does not end as it was signed",
    "anchor": "it is not what you kept",
    "cut-off": "entries whose head you kept are gone",
    "head": "the head does not fit the last entry",
    "beyond-head": "the head was set back",
    "head-missing": "the chain has lost its head",
}
REQUESTS = {"access": "Access", "erasure": "Erasure", "withdrawal": "Withdrawal"}
# State: its words and the look of its tag.
REQUEST_STATES = {
    "open": ("Open", "new"),
    "granted": ("Granted", "done"),
    "refused": ("Refused", "hold"),
    "taken-back": ("Taken back", "closed"),
    "erased": ("Erased", "done"),
}
ERASURES = {
    "no-decision": "nobody decided in time",
    "untriaged": "nobody looked at it in time",
    "closed": "its time after closing was over",
    "referred": "its time after handing over was over",
    "request": "somebody asked for it",
    "withdrawn": "its sender withdrew it",
    "restored": "a backup had brought it back",
}
