"""The desk's and the administrators' words for the codes of authorities and their keys."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l

KINDS = {
    "national_unit": _l("National unit"),
    "police": _l("Police"),
    "prosecutor": _l("Prosecutor"),
    "central_authority": _l("Central authority"),
    "hotline": _l("Hotline"),
    "international_organisation": _l("International organisation"),
}
BASES = {
    "member_state": _l("Inside the EU and EEA: no transfer basis needed"),
    "adequacy": _l("Adequacy decision"),
    "agreement": _l("International agreement"),
    "safeguards": _l("Appropriate safeguards"),
    "derogation": _l("Derogation for a specific situation"),
}
OBSTACLES = {
    "inactive": _l("Out of use"),
    "basis-missing": _l("Transfer basis missing"),
    "basis-expired": _l("Transfer basis expired"),
    "no-key": _l("No key yet"),
    "key-unconfirmed": _l("Key waits for confirmation"),
    "key-expired": _l("Key no longer usable"),
}
KEY_STATES = {
    "entered": (_l("Waits for confirmation"), "work"),
    "confirmed": (_l("Confirmed"), "done"),
    "replaced": (_l("Replaced"), "closed"),
    "refused": (_l("Refused"), "danger"),
}
KEY_KINDS = {"age-x25519": _l("age recipient (X25519)"), "cms-rsa": _l("X.509 certificate (RSA)")}
CHANNELS = {
    "telephone": _l("By telephone, on a number that I knew before"),
    "meeting": _l("Face to face"),
    "video": _l("In a video call with somebody whom I know"),
    "post": _l("By letter"),
}
