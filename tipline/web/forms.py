"""What the forms of all doors share: cleaned text, one kind of field each, and how fields become HTML."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import wtforms
from flask import Flask, current_app, request
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from flask_wtf.csrf import CSRFError, _FlaskFormCSRF, generate_csrf
from wtforms.csrf.core import CSRFTokenField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import DataRequired, Length, StopValidation, ValidationError

from tipline.web import cookies, remembered, widgets
from tipline.web.cleaning import clean_line, clean_text

# WTForms' own messages, by their English text, in words that say what to do. Read by WordsOfForms.
_WORDS = {
    "Not a valid choice.": _l("Choose one of the answers in the list"),
    "Not a valid choice": _l("Choose one of the answers in the list"),
    "Invalid Choice: could not coerce.": _l("Choose one of the answers in the list"),
    "Invalid choice(s): one or more data inputs could not be coerced.": _l("Choose from the answers in the list"),
    "This field is required.": _l("Enter an answer"),
    "'%(value)s' is not a valid choice for this field.": _l("Choose from the answers in the list"),
    "'%(value)s' are not valid choices for this field.": _l("Choose from the answers in the list"),
    "Not a valid integer value.": _l("Enter a whole number"),
    "Not a valid date value.": _l("Enter a real date, for example 27 3 2026"),
}


class WordsOfForms:
    """Stands where WTForms looks for its translations: our words in the page's language, no file read per request."""

    def gettext(self, string: str) -> str:
        """Our words for one of WTForms' messages; its own where we have none."""
        return str(_WORDS.get(string, string))

    def ngettext(self, singular: str, plural: str, n: int) -> str:
        """WTForms' counted messages; every validator here brings its own."""
        return self.gettext(singular if n == 1 else plural)


class TokenField(CSRFTokenField):
    """Makes its token when it is drawn: most posts end in a redirect and draw none."""

    def process(self, *args: Any, **kwargs: Any) -> None:
        """Take what was sent."""
        super(CSRFTokenField, self).process(*args, **kwargs)

    def _value(self) -> Any:
        return self.csrf_impl.generate_csrf_token(self)


class FormToken(_FlaskFormCSRF):
    """Flask-WTF's token with words for people, and no crash on a token that is not ASCII (SECURITY 17)."""

    field_class = TokenField

    def validate_csrf_token(self, form: Any, field: Any) -> None:
        """Raise ValidationError unless the token is the one that this visitor's page was given."""
        if field.data is not None and not str(field.data).isascii():
            raise ValidationError(_l("This page was open for too long. Check your answers and send them again"))
        try:
            super().validate_csrf_token(form, field)
        except ValidationError:
            raise ValidationError(
                _l("This page was open for too long. Check your answers and send them again")
            ) from None


class TiplineForm(FlaskForm):
    """The base of every form. A field's errors are the words for the person, in the page's language."""

    class Meta(FlaskForm.Meta):
        """Our token, our words."""

        csrf_class = FormToken

        @property
        def csrf_secret(self) -> bytes:
            """The door's own secret, as for its cookie."""
            return _door_secret()

        def get_translations(self, _form: Any) -> WordsOfForms:
            """Words without a file read."""
            return _TRANSLATIONS

    def add_error(self, field_name: str, message: Any) -> None:
        """Put a refusal that a service raised beside its field, so that the page shows it like any other error."""
        field = self._fields[field_name]
        field.errors = (*field.errors, message)


_TRANSLATIONS = WordsOfForms()


def _door_secret() -> bytes:
    name = "public.key" if cookies.is_public(request) else "staff.key"
    known: dict[str, bytes] = current_app.extensions.setdefault("tipline_door_secrets", {})
    if name not in known:  # read once, not for every form
        known[name] = current_app.config["SETTINGS"].secret(name)
    return known[name]


def csrf_token() -> str:
    """The token for a small form of one button. Reads the session, so its page is not stored by anybody."""
    token: str = generate_csrf(secret_key=_door_secret())
    return token


def check_token() -> None:
    """Return if a form of one button carries this person's token. Raises CSRFError, which has a page of its own."""
    if not TiplineForm().validate():
        raise CSRFError


def error_list(form: TiplineForm) -> list[dict[str, Any]]:
    """Every field's first error in the form's order, for the error summary; hidden fields without a link."""
    listed: list[dict[str, Any]] = []
    for field in form:
        message = next(_leaves(field.errors), None)
        if message is not None:
            hidden = isinstance(field.widget, wtforms.widgets.HiddenInput)
            listed.append({"text": str(message)} if hidden else {"text": str(message), "href": f"#{field.id}"})
    listed.extend({"text": str(message)} for message in form.form_errors)
    return listed


def _leaves(errors: Any) -> Iterable[Any]:
    for error in errors.values() if isinstance(errors, dict) else errors:
        if isinstance(error, (dict, list, tuple)):
            yield from _leaves(error)
        else:
            yield error


class Needed(DataRequired):
    """There must be an answer; ``message`` says which ("Enter what you know about this object")."""

    def __init__(self, message: Any) -> None:
        super().__init__(message=message)


class AtMost(Length):
    """No more than ``limit`` characters; the default words name the limit."""

    def __init__(self, limit: int, message: Any = None) -> None:
        words = message or _l("Use %(limit)s characters or fewer", limit=f"{limit:,}".replace(",", "\u202f"))
        super().__init__(max=limit, message=words)

    def __call__(self, _form: Any, field: Any) -> None:
        """Raise ValidationError when the text is too long."""
        if field.data and len(field.data) > self.max:
            raise StopValidation(self.message)


class _Cleaned:
    cleaning: Callable[[str | None], str | None] = staticmethod(clean_line)

    def __init__(self, label: Any = None, validators: Any = None, filters: Any = (), **kwargs: Any) -> None:
        super().__init__(label, validators, filters=(self.cleaning, *filters), **kwargs)


class StringField(_Cleaned, wtforms.StringField):
    """One line of text."""

    widget = widgets.TextInput()


class TextAreaField(_Cleaned, wtforms.TextAreaField):
    """Text of several lines."""

    cleaning = staticmethod(clean_text)
    widget = widgets.TextArea()


class CountedTextField(TextAreaField):
    """Text of several lines with a count of what is left: ``limit`` characters."""

    widget = widgets.CountedText()

    def __init__(self, label: Any = None, validators: Any = None, *, limit: int, **kwargs: Any) -> None:
        super().__init__(label, [*(validators or ()), AtMost(limit)], **kwargs)
        self.limit = limit


class EmailField(_Cleaned, wtforms.StringField):
    """An e-mail address; what it looks like is for the form to check."""

    widget = widgets.TextInput("email")


class TelField(_Cleaned, wtforms.StringField):
    """A telephone number, in any way of writing it."""

    widget = widgets.TextInput("tel")


class CodeField(_Cleaned, wtforms.StringField):
    """A one-time code or receipt: shown in even figures, never spell-checked."""

    widget = widgets.CodeInput()


class IntegerField(wtforms.IntegerField):
    """A whole number."""

    widget = widgets.NumberInput()


class PasswordField(wtforms.PasswordField):
    """A password, kept exactly as typed and never sent back."""

    widget = widgets.PasswordInput()


def _as_choices(pairs: Any) -> Any:
    if pairs is None or callable(pairs):
        return pairs
    return [SelectChoice(value=pair[0], label=pair[1]) if isinstance(pair, tuple) else pair for pair in pairs]


class _Choice:
    """Choices are pairs of value and words. One that was not made is not wrong; ``Needed`` says where one has to be."""

    def __init__(self, label: Any = None, validators: Any = None, choices: Any = None, **kwargs: Any) -> None:
        super().__init__(label, validators, choices=_as_choices(choices), **kwargs)

    @property
    def choices(self) -> Any:
        """What can be chosen."""
        return wtforms.SelectField.choices.fget(self)

    @choices.setter
    def choices(self, pairs: Any) -> None:
        wtforms.SelectField.choices.fset(self, _as_choices(pairs))

    def pre_validate(self, form: Any) -> None:
        """Raise ValidationError for a choice that was not offered."""
        if self.data not in (None, ""):  # type: ignore[attr-defined]
            super().pre_validate(form)  # type: ignore[misc]


class RadioField(_Choice, wtforms.RadioField):
    """One of a few; the label is the legend, and with ``heading=True`` the page's h1."""

    widget = widgets.Radios()


class SelectField(_Choice, wtforms.SelectField):
    """One of many."""

    widget = widgets.Select()


class CheckboxField(wtforms.BooleanField):
    """One thing to tick."""

    widget = widgets.Checkbox()


class CheckboxesField(_Choice, wtforms.SelectMultipleField):
    """Any of a few."""

    widget = widgets.Checkboxes()
    option_widget = wtforms.widgets.CheckboxInput()


class DateField(wtforms.DateField):
    """A day, as the browser's own date control."""

    widget = widgets.TextInput("date")


class FileField(wtforms.FileField):
    """One file."""

    widget = widgets.FileInput()


class FilesField(wtforms.MultipleFileField):
    """Several files at once."""

    widget = widgets.FileInput(multiple=True)


class HiddenField(wtforms.HiddenField):
    """A value that travels with the form; never a secret."""


class SubmitField(wtforms.SubmitField):
    """A button; the label says what it does. ``name`` and value tell which of several was pressed."""

    widget = widgets.Submit()


def register(app: Flask) -> None:
    """Give the templates ``csrf_token()`` for the small forms of one button, and ``error_list(form)``."""
    app.jinja_env.globals.update(csrf_token=csrf_token, error_list=error_list)
    remembered.register(app)
