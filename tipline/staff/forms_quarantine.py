"""The forms of quarantine: a release, a hand-over, a destruction."""

from __future__ import annotations

from typing import Any

from flask_babel import lazy_gettext as _l

from tipline.errors import BadInput
from tipline.services import quarantine, surrenders
from tipline.web.forms import AtMost, CheckboxField, Needed, SelectField, StringField, TextAreaField, TiplineForm


class ReleaseForm(TiplineForm):
    """Why a file is not illegal after all."""

    release_reason = TextAreaField(
        _l("Why can it be opened again?"),
        [Needed(_l("Say why the file can be opened again")), AtMost(quarantine.REASON_LIMIT)],
        description=_l("Sealed to the desk. The supervisor who decides reads it."),
    )


class HandOverForm(TiplineForm):
    """Who gets the file."""

    authority = SelectField(_l("Authority"), validators=[Needed(_l("Choose the authority"))])
    reference = StringField(
        _l("Their reference (optional)"),
        [AtMost(surrenders.REFERENCE_LIMIT)],
        description=_l("Stands on the certificate."),
    )

    def __init__(self, recipients: tuple[tuple[str, str], ...], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.authority.choices = [("", _l("Choose")), *recipients]

    def refuse(self, refused: BadInput) -> None:
        """Put a service's refusal beside its field."""
        self.add_error(refused.field, _l("This authority has no confirmed key any more. Choose another one"))


class DestroyForm(TiplineForm):
    """A destruction cannot be taken back."""

    understood = CheckboxField(
        _l("The authority has opened its copy and confirmed it"), [Needed(_l("Tick that the authority has its copy"))]
    )


class PurgeForm(TiplineForm):
    """A purge cannot be taken back."""

    understood = CheckboxField(
        _l("I know that the tip is erased at once and that its receipt opens nothing any more"),
        [Needed(_l("Tick that you know what purging does"))],
    )
