"""The forms on a group's page."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l

from tipline.staff.forms_queue import BulkCloseForm
from tipline.web.forms import AtMost, Needed, StringField, TiplineForm

REFUSALS = {
    ("refs", "missing"): _l("Tick the tips first"),
    ("refs", "few"): _l("A group needs two tips or more. Tick another one, or let this one stand by itself"),
    ("refs", "all"): _l("These are all of the group. Leave at least one tip where it is"),
    ("ref", "unknown"): _l("There is no such tip at this desk. Check the reference"),
    ("ref", "same"): _l("This tip is in the group already. Enter the reference of another one"),
    ("sources", "range"): _l("Enter a whole number from 1 to the number of tips in the group"),
}


class MergeForm(TiplineForm):
    """A tip of the other group."""

    ref = StringField(
        _l("Reference of a tip"),
        [Needed(_l("Enter the reference of a tip")), AtMost(16)],
        description=_l("Its whole group comes along. The number of sources is to be said anew."),
    )


class SourcesForm(TiplineForm):
    """How many people came to this by themselves."""

    sources = StringField(
        _l("Independent sources"),
        [Needed(_l("Enter a number")), AtMost(4)],
        description=_l("Thirty tips that repeat one page or one post are one source. Nothing counts this for you."),
    )


class CloseGroupForm(BulkCloseForm):
    """How all of them end."""
