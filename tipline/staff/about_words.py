"""The words for people, places and translations of a tip."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l

CATEGORIES = {
    "unverified_named_person": _l("Named in the tip, nothing verified"),
    "suspect": _l("Suspect, according to an authority"),
    "convicted": _l("Convicted, according to an authority"),
    "victim": _l("Victim"),
    "witness": _l("Witness"),
    "informant": _l("Can provide information"),
    "contact": _l("Contact or associate"),
    "other": _l("Other"),
}
MEANINGS = {"sale": _l("Sold in"), "production": _l("Made in"), "scene": _l("Scene in")}
MAKERS = {"person": _l("Translated by a person"), "machine": _l("Translated by a machine, not checked")}
REFUSALS = {
    ("person_name", "too-many"): _l("This tip has fifty people already. Take one out first"),
    ("person_name", "missing"): _l("Enter the name, or what the tip calls the person"),
    ("necessity", "missing"): _l("Say why this person must be written down"),
    ("authority_ref", "missing"): _l("Enter the reference of the authority that says so. A tip makes nobody a suspect"),
    ("special", "missing"): _l("Say why this is strictly necessary for the operation"),
    ("country", "too-many"): _l("Ten countries are set already. Take one away first"),
}
