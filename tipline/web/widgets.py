"""How fields become HTML: GOV.UK Frontend's macros, called without a template's overhead.

A field that holds no answer and no error looks the same for everybody, so what it rendered to is remembered, by
its parameters (which hold its words, in the page's language). Nothing that a person entered is ever remembered,
and nothing at all at the desk.
"""

from __future__ import annotations

from typing import Any

import govuk_frontend_wtf.wtforms_widgets as gov
from flask import current_app, request
from flask_babel import gettext
from markupsafe import Markup

MACROS = "govuk_frontend_jinja/components/{}/macro.html"
MOST_REMEMBERED = 2000
_remembered: dict[tuple[str, str], Markup] = {}


class Drawn:
    """Mixed in before a widget of govuk-frontend-wtf: ``component`` names the folder, ``macro`` the macro in it.

    ``heading=True`` makes label or legend the page's h1; ``params={…}`` goes to the macro; every other keyword
    becomes an attribute of the input.
    """

    component: str
    macro: str
    lifted: tuple[str, ...] = ("classes",)  # keywords that the macro takes by name, not as attributes

    def map_gov_params(self, field: Any, **kwargs: Any) -> dict[str, Any]:
        """The macro's parameters. No ``required``: what is missing is said on the server, in our words."""
        kwargs.pop("required", None)
        heading = kwargs.pop("heading", False)
        given = dict(kwargs.pop("params", None) or {})
        given.update({name: kwargs.pop(name) for name in self.lifted if name in kwargs})
        params: dict[str, Any] = super().map_gov_params(field, params=given, **kwargs)  # type: ignore[misc]
        if params.get("fieldset"):  # a template that names only the legend's look keeps its words
            legend = params["fieldset"].get("legend") or {}
            worded = legend if legend.get("text") or legend.get("html") else {**legend, "text": str(field.label.text)}
            params["fieldset"] = {**params["fieldset"], "legend": worded}
        self._set_words(params, heading=heading)
        params["field_is_blank"] = _is_blank(field)
        return params

    def _set_words(self, params: dict[str, Any], *, heading: bool) -> None:
        hint = params.get("hint") or {}
        if hint.get("text"):  # a lazy string calls itself HTML: a hint that names a tag would become one
            hint = {**hint, "text": str(hint["text"])}
        params["hint"] = hint if hint.get("text") or hint.get("html") else None
        if "errorMessage" in params:
            params["errorMessage"]["visuallyHiddenText"] = gettext("Error")
        group = params.get("fieldset")
        words = group["legend"] if group else params.get("label")
        if heading and words is not None:
            kind = "govuk-fieldset__legend--l" if group else "govuk-label--l"
            words.update(isPageHeading=True, classes=f"{words.get('classes', '')} {kind}".strip())

    def render(self, params: dict[str, Any]) -> Markup:
        """The HTML for these parameters."""
        blank = params.pop("field_is_blank", False) and not params.get("errorMessage")
        if not blank or request.path.startswith(("/staff", "/admin")):
            return self._draw(params)
        key = (self.component, repr(params))  # a lazy string's repr is its words in the page's language
        html = _remembered.get(key)
        if html is None:
            html = self._draw(params)
            if len(_remembered) >= MOST_REMEMBERED:
                _remembered.clear()
            _remembered[key] = html
        return html

    def _draw(self, params: dict[str, Any]) -> Markup:
        # A template's module is made once and kept by Jinja with the template.
        module = current_app.jinja_env.get_template(MACROS.format(self.component)).module
        return Markup(getattr(module, self.macro)(params))  # noqa: S704 - the macro escapes; its module is autoescaped


def _is_blank(field: Any) -> bool:
    """Whether a field holds nothing but what the form itself put there."""
    if any(getattr(field, "raw_data", None) or ()):
        return False
    data = getattr(field, "data", None)
    if data in (None, "", False) or data == []:
        return True
    default = getattr(field, "default", None)
    return default is not None and data == (default() if callable(default) else default)


def _count_words() -> dict[str, Any]:
    """The count's words; the browser puts the number where ``%{count}`` stands, in one form for every number."""
    left = gettext("Characters left: %(count)s", count="%{count}")
    over = gettext("Characters too many: %(count)s", count="%{count}")
    return {
        "textareaDescriptionText": gettext("You can enter up to %(count)s characters", count="%{count}"),
        "charactersUnderLimitText": dict.fromkeys(("zero", "one", "two", "few", "many", "other"), left),
        "charactersAtLimitText": gettext("No characters left"),
        "charactersOverLimitText": dict.fromkeys(("zero", "one", "two", "few", "many", "other"), over),
    }


class TextInput(Drawn, gov.GovTextInput):
    """One line; ``kind`` is the input's type."""

    component, macro = "input", "govukInput"
    lifted = ("classes", "autocomplete", "autocapitalize", "inputmode", "spellcheck", "prefix", "suffix")

    def __init__(self, kind: str = "text") -> None:
        super().__init__()
        self.input_type = kind


class CodeInput(TextInput):
    """A code that is copied by hand: even figures, no spelling check, no capitals by itself."""

    def map_gov_params(self, field: Any, **kwargs: Any) -> dict[str, Any]:
        """As a line, in the code's face."""
        params = super().map_gov_params(field, **kwargs)
        params.update(classes=f"tl-code-input {params.get('classes', '')}".strip(), spellcheck=False)
        params.setdefault("autocapitalize", "characters")
        return params


class NumberInput(TextInput):
    """A whole number, typed as text so that no wheel changes it."""

    def map_gov_params(self, field: Any, **kwargs: Any) -> dict[str, Any]:
        """As a line that offers figures."""
        params = super().map_gov_params(field, **kwargs)
        params.setdefault("inputmode", "numeric")
        params["value"] = "" if params.get("value") is None else str(params["value"])
        return params


class PasswordInput(Drawn, gov.GovPasswordInput):
    """A password with a button that shows it."""

    component, macro = "password-input", "govukPasswordInput"
    lifted = ("classes", "autocomplete")

    def map_gov_params(self, field: Any, **kwargs: Any) -> dict[str, Any]:
        """As a line whose content is never sent back."""
        params = super().map_gov_params(field, **kwargs)
        params["value"] = ""
        return params


class TextArea(Drawn, gov.GovTextArea):
    """Several lines."""

    component, macro = "textarea", "govukTextarea"
    lifted = ("classes", "autocomplete", "rows", "spellcheck")


class CountedText(Drawn, gov.GovCharacterCount):
    """Several lines and how many characters are left, counted aloud near the end only."""

    component, macro = "character-count", "govukCharacterCount"
    lifted = ("classes", "rows", "spellcheck")

    def map_gov_params(self, field: Any, **kwargs: Any) -> dict[str, Any]:
        """As several lines, with the limit and the count's words."""
        params = super().map_gov_params(field, **kwargs)
        params.update(maxlength=field.limit, threshold=75, **_count_words())
        return params


class Radios(Drawn, gov.GovRadioInput):
    """One of a few."""

    component, macro = "radios", "govukRadios"


class Checkbox(Drawn, gov.GovCheckboxInput):
    """One box."""

    component, macro = "checkboxes", "govukCheckboxes"


class Checkboxes(Drawn, gov.GovCheckboxesInput):
    """Boxes."""

    component, macro = "checkboxes", "govukCheckboxes"


class Select(Drawn, gov.GovSelect):
    """One of many."""

    component, macro = "select", "govukSelect"


class FileInput(Drawn, gov.GovFileInput):
    """Files; ``accept`` and the like go through as attributes."""

    component, macro = "file-upload", "govukFileUpload"


class Submit(Drawn, gov.GovSubmitInput):
    """A button that keeps a second press from sending twice."""

    component, macro = "button", "govukButton"

    def map_gov_params(self, field: Any, **kwargs: Any) -> dict[str, Any]:
        """As a button of its own words."""
        params = super().map_gov_params(field, **kwargs)
        params["preventDoubleClick"] = True
        return params
