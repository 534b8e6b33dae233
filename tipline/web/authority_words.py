"""The desk's and the administrators' words for the codes of authorities and their keys."""

from __future__ import annotations

KINDS = {
    "national_unit": "National unit",
    "police": "Police",
    "prosecutor": "Prosecutor",
    "central_authority": "Central authority",
    "hotline": "Hotline",
    "international_organisation": "International organisation",
}
BASES = {
    "member_state": "Inside the EU and EEA: no transfer basis needed",
    "adequacy": "Adequacy decision",
    "agreement": "International agreement",
    "safeguards": "Appropriate safeguards",
    "derogation": "Derogation for a specific situation",
}
OBSTACLES = {
    "inactive": "Out of use",
    "basis-missing": "Transfer basis missing",
    "basis-expired": "Transfer basis expired",
    "no-key": "No key yet",
    "key-unconfirmed": "Key waits for confirmation",
    "key-expired": "Key no longer usable",
}
KEY_STATES = {
    "entered": ("Waits for confirmation", "work"),
    "confirmed": ("Confirmed", "done"),
    "replaced": ("Replaced", "closed"),
    "refused": ("Refused", "danger"),
}
KEY_KINDS = {"age-x25519": "age recipient (X25519)", "cms-rsa": "X.509 certificate (RSA)"}
CHANNELS = {
    "telephone": "By telephone, on a number that I knew before",
    "meeting": "Face to face",
    "video": "In a video call with somebody whom I know",
    "post": "By letter",
}
