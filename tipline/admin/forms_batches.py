"""Forms for batches: what comes or goes together, and when."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms.validators import Optional

from tipline.errors import BadInput
from tipline.services.batches import Candidate, Plan
from tipline.web.batch_words import REASONS
from tipline.web.forms import CheckboxesField, DateField, RadioField, SelectField, TiplineForm

SLOT, LATER, NOW = "slot", "later", "now"
REFUSALS = {
    ("items", "empty"): _l("Choose at least one appeal or exhibit"),
    ("items", "gone"): _l("One of them has changed in the meantime, or another batch has it. Look at the list again"),
    ("items", "exhibit"): _l("An appeal in it would have nothing to show. Choose one of its exhibits too"),
    ("moment", "soon"): _l("Choose a moment that is at least 6 hours away, or do it at once and say why"),
    ("moment", "late"): _l("Choose a moment within a year"),
    ("reason", "missing"): _l("Choose why it cannot wait"),
}


class BatchForm(TiplineForm):
    """What is in a batch, and its moment."""

    items = CheckboxesField(_l("What is in it"))
    when = RadioField(_l("When"), default=SLOT)
    day = DateField(_l("Day"), [Optional()])
    hour = SelectField(_l("Hour (UTC)"), choices=[(str(hour), f"{hour:02}:00") for hour in range(24)], default="10")
    reason = SelectField(_l("Why it cannot wait"), choices=[("", _l("Choose a reason")), *REASONS.items()])

    def offer(self, candidates: Iterable[Candidate], slot: dt.datetime) -> None:
        """Fill the lists."""
        self.items.choices = [(one.id, _line(one)) for one in candidates]
        self.when.choices = [
            (SLOT, _("At the next common moment: %(moment)s", moment=slot.strftime("%A %-d %B %Y, %H:%M UTC"))),
            (LATER, _("At another moment, named below")),
            (NOW, _("At once, because it cannot wait")),
        ]

    def show_moment(self, due_at: dt.datetime) -> None:
        """Fill in the moment that a waiting batch has."""
        self.when.data, self.day.data, self.hour.data = LATER, due_at.date(), str(due_at.hour)

    def plan(self, act: str, slot: dt.datetime) -> Plan | None:
        """What was asked for; None, with an error beside the day, when another moment is asked for and not named."""
        chosen = tuple(self.items.data or ())
        if self.when.data == NOW:
            return Plan(act, chosen, None, self.reason.data or None)
        if self.when.data == SLOT:
            return Plan(act, chosen, slot)
        if self.day.data is None:
            self.add_error("day", _("Enter the day"))
            return None
        return Plan(act, chosen, dt.datetime.combine(self.day.data, dt.time(int(self.hour.data or 0)), dt.UTC))

    def refuse(self, refused: BadInput) -> None:
        """Put a refusal beside its field."""
        field = "day" if refused.field == "moment" else refused.field
        self.add_error(field, REFUSALS[refused.field, refused.reason])


def _line(one: Candidate) -> str:
    if one.ref is None:
        return _("The whole appeal: %(title)s", title=one.title)
    return f"{one.title} ({one.ref}), in {one.appeal_title}"
