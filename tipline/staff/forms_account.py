"""Forms of one's own account: notices by mail, and one's own welfare."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l

from tipline.services import welfare
from tipline.web.forms import CheckboxesField, EmailField, IntegerField, Needed, TiplineForm

NOTICE_REFUSALS = {
    "address": _l("Enter an email address such as name@authority.example"),
    "about": _l("Choose what you want to be told of, or end the notices below"),
}
LIMIT_REFUSED = _l("Enter a whole number from 1 to 200")


class NoticesForm(TiplineForm):
    """Where to, and of what."""

    address = EmailField(
        _l("Your email address at work"),
        [Needed(NOTICE_REFUSALS["address"])],
        description=_l("Kept encrypted, shown to nobody else, and forgotten when you end the notices."),
    )
    about = CheckboxesField(
        _l("What do you want to be told of?"),
        choices=[
            ("urgent", _l("Something urgent waits: at once")),
            ("digest", _l("Other work waits: at fixed hours, and only if there is some")),
        ],
    )


class WelfareForm(TiplineForm):
    """One's own limit and choices."""

    limit = IntegerField(
        _l("How many files do you want to look at in a shift?"),
        [Needed(LIMIT_REFUSED)],
        description=_l("After that a page suggests a break. You decide whether to go on."),
    )
    left_out = CheckboxesField(
        _l("What do you leave to colleagues?"),
        choices=[
            (welfare.PICTURE, _l("Pictures")),
            (welfare.FILE, _l("Documents and films")),
            (welfare.DISCLOSURE, _l("Texts in which somebody tells of abuse of their own")),
        ],
        description=_l("You need no reason, and you can change it at any time."),
    )
