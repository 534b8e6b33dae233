"""Forms for appeals, exhibits and their pictures."""

from __future__ import annotations

from typing import Any

from flask import flash, request
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms.validators import NumberRange, Optional

from tipline.errors import BadInput, FileRefused
from tipline.services.batches import REASONS
from tipline.services.exhibits import ExhibitWords
from tipline.services.pictures import Crop
from tipline.services.publishing import AppealWords
from tipline.web.batch_words import OUTCOMES
from tipline.web.forms import (
    AtMost,
    FileField,
    IntegerField,
    Needed,
    RadioField,
    SelectField,
    StringField,
    TextAreaField,
    TiplineForm,
)

LITTLE_HTML = _l(
    "A blank line starts a new paragraph. You can use <p>, <br>, <strong>, <em>, <ul>, <ol> and <li>; "
    "everything else is taken out when you save."
)
REFUSALS = {
    "title": _l("Enter a title of at most 200 characters"),
    "introduction": _l("Enter an introduction of at most 5,000 characters"),
    "description": _l("Enter a description of at most 5,000 characters"),
    "question": _l("Enter a question of at most 300 characters"),
    "alt": _l("Describe the picture in at most 300 characters"),
    "desk": _l("Choose a desk"),
}
MISSING = {
    "words": _l("English words"),
    "picture": _l("a picture"),
    "exhibit": _l("at least one published exhibit"),
    "desk": _l("a desk that is open: two members, and both recovery codes confirmed"),
}
FILES = {
    "empty": _l("Choose a picture"),
    "size": _l("The picture must be smaller than 20 MB"),
    "type": _l("The picture must be a JPEG, PNG or WebP file"),
    "broken": _l("This file cannot be read as a JPEG, PNG or WebP picture"),
    "bomb": _l("This picture has too many pixels: make it smaller and choose it again"),
    "crop": _l("The part must lie inside the picture and be at least 50 pixels wide and high"),
}


class AppealWordsForm(TiplineForm):
    """An appeal's words in one language."""

    title = StringField(_l("Title"), [Needed(_l("Enter a title")), AtMost(200)])
    introduction = TextAreaField(
        _l("Introduction"), [Needed(_l("Enter an introduction")), AtMost(5000)], description=LITTLE_HTML
    )

    def words(self) -> AppealWords:
        """What was typed."""
        return AppealWords(self.title.data or "", self.introduction.data or "")

    def refuse(self, refused: BadInput) -> None:
        """Put a refusal beside its field."""
        self.add_error(refused.field, REFUSALS[refused.field])


class AppealForm(AppealWordsForm):
    """A new appeal: its English words and its desk."""

    desk = SelectField(_l("Desk"), description=_l("The desk that will receive the tips. It cannot be changed later."))


class ExhibitWordsForm(TiplineForm):
    """An exhibit's words in one language."""

    title = StringField(_l("Title"), [Needed(_l("Enter a title")), AtMost(200)], description=_l("Such as: Red cup"))
    question = StringField(
        _l("Question"),
        [Needed(_l("Enter a question")), AtMost(300)],
        description=_l("Such as: Do you recognise this cup? Ask about the object or the place, never who a child is."),
    )
    description = TextAreaField(
        _l("Description"),
        [Needed(_l("Enter a description")), AtMost(5000)],
        description=f"What is known of the object: material, size, marks. {LITTLE_HTML}",
    )
    alt = StringField(
        _l("The picture in words"),
        [Needed(_l("Describe the picture")), AtMost(300)],
        description=_l("For people who cannot see it. Say what it shows, not that it is a picture."),
    )

    def words(self) -> ExhibitWords:
        """What was typed."""
        return ExhibitWords(
            self.title.data or "", self.question.data or "", self.description.data or "", self.alt.data or ""
        )

    def refuse(self, refused: BadInput) -> None:
        """Put a refusal beside its field."""
        self.add_error(refused.field, REFUSALS[refused.field])


class OutcomeForm(TiplineForm):
    """Why tips about an exhibit are no longer needed."""

    outcome = RadioField(_l("Outcome"), [Needed(_l("Choose the outcome"))], choices=list(OUTCOMES.items()))


def chosen_reason() -> str | None:
    """Why something is done at once, as the form of one button says; None, with a message, where it does not."""
    reason = request.form.get("reason", "")
    if reason in REASONS:
        return reason
    flash(_("Nothing was changed. Choose why it cannot wait, or plan a batch."))
    return None


def _pixels(label: str) -> IntegerField:
    return IntegerField(label, [Optional(), NumberRange(0, 30_000, _("Enter a number of pixels from 0 to 30,000"))])


class PictureForm(TiplineForm):
    """A picture and, if only a part of it is shown, which."""

    picture = FileField(_l("Picture"), description=_l("JPEG, PNG or WebP, smaller than 20 MB"))
    left = _pixels(_l("Left edge"))
    top = _pixels(_l("Top edge"))
    width = _pixels(_l("Width"))
    height = _pixels(_l("Height"))

    def validate(self, extra_validators: Any = None) -> bool:
        """All four numbers or none."""
        sound = super().validate(extra_validators)
        given = [field for field in self._crop_fields() if field.data is not None]
        if 0 < len(given) < 4:
            empty = next(field for field in self._crop_fields() if field.data is None)
            self.add_error(empty.short_name, _("Enter all four numbers, or leave all four empty"))
            return False
        return sound

    def crop(self) -> Crop | None:
        """The part that is shown, or None for the whole picture."""
        numbers = [field.data for field in self._crop_fields()]
        return None if any(number is None for number in numbers) else Crop(*numbers)

    def data_of_picture(self) -> bytes:
        """The bytes of the file, from memory; empty when none was chosen."""
        chosen = self.picture.data
        return chosen.read() if hasattr(chosen, "read") else b""

    def refuse(self, refused: FileRefused) -> None:
        """Put a refusal beside its field."""
        self.add_error("left" if refused.reason == "crop" else "picture", FILES.get(refused.reason, FILES["broken"]))

    def _crop_fields(self) -> tuple[IntegerField, ...]:
        return (self.left, self.top, self.width, self.height)
