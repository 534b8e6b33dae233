"""What stands around a tip on its page: who else has it open, its labels, whether single keys do something."""

from __future__ import annotations

import datetime as dt
from typing import Any

from flask import g

from tipline.services import labels, note_calls, presence, work_settings
from tipline.services.access import TipFacts
from tipline.services.countries import countries


def around(tip: TipFacts, now: dt.datetime) -> dict[str, Any]:
    """Note that this person has the tip open, and what the page says of it."""
    known = labels.of_desk(g.person, tip.desk_id)
    on_it = labels.on_tips([tip.id]).get(tip.id, ())
    taken = {one.country for one in known if one.id in on_it}
    return {
        "holder": presence.enter(g.person, tip.id, now),
        "tip_labels": [one for one in known if one.id in on_it],
        "label_choices": [(one.id, one.name) for one in known if one.id not in on_it and not one.country],
        "country_choices": [(code, one.name) for code, one in countries().items() if code not in taken],
        "is_called": note_calls.is_called(g.person, tip.id),
        "keys_on": work_settings.read(g.person).keys_on,
    }
