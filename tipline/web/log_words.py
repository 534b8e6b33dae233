"""Words for the codes of the log and the clocks."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l

CHAINS = {
    "public": _l("Public"),
    "staff": _l("Reviewers and supervisors"),
    "admin": _l("Administrators and auditors"),
    "jobs": _l("Timer"),
}
FAULTS = {
    "missing": _l("an entry is missing"),
    "chain": _l("an entry does not follow from the one before"),
    "changed": _l("an entry was changed"),
    "segment-gap": _l("a segment does not follow from the one before"),
    "segment-signature": _l("the signature of a segment does not fit"),
    "segment-hash": _l("a segment does not end as it was signed"),
    "anchor": _l("it is not what you kept"),
    "cut-off": _l("entries whose head you kept are gone"),
    "head": _l("the head does not fit the last entry"),
    "beyond-head": _l("the head was set back"),
    "head-missing": _l("the chain has lost its head"),
}
REQUESTS = {"access": _l("Access"), "erasure": _l("Erasure"), "withdrawal": _l("Withdrawal")}
# State: its words and the look of its tag.
REQUEST_STATES = {
    "open": (_l("Open"), "new"),
    "granted": (_l("Granted"), "done"),
    "refused": (_l("Refused"), "hold"),
    "taken-back": (_l("Taken back"), "closed"),
    "erased": (_l("Erased"), "done"),
}
ERASURES = {
    "no-decision": _l("nobody decided in time"),
    "untriaged": _l("nobody looked at it in time"),
    "closed": _l("its time after closing was over"),
    "referred": _l("its time after handing over was over"),
    "request": _l("somebody asked for it"),
    "withdrawn": _l("its sender withdrew it"),
    "restored": _l("a backup had brought it back"),
    "purged": _l("it held personal data that may only be forwarded"),
}
