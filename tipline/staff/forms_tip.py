"""The forms of the queue and of a tip's page. No two fields of that page share a name, so none shares an id."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Any

from flask_babel import lazy_gettext as _l
from wtforms.validators import Optional

from tipline.errors import BadInput
from tipline.services import access, assessments, holds, lanes, notes, statements, tips
from tipline.staff import words
from tipline.staff.kept_fields import PageForm
from tipline.web.forms import (
    AtMost,
    CheckboxField,
    CountedTextField,
    DateField,
    Needed,
    RadioField,
    SelectField,
    StringField,
    TextAreaField,
    TiplineForm,
)

Codes = Mapping[str, Mapping[str, Hashable]]
Filled = Mapping[str, Mapping[str, Any]]
CHOOSE = [("", _l("Choose"))]
_REFUSALS = {
    ("reason_text", "missing"): _l("Say in a few words what the reason is"),
    ("as_of", "future"): _l("This date has not come yet"),
    ("verified_on", "future"): _l("This date has not come yet"),
    ("review_on", "range"): _l("Choose a date from tomorrow to a year from now"),
    ("disposition", "only-forwarded"): _l("This tip may only be forwarded. Choose that, or have it purged"),
    ("lane", "files-shut"): _l(
        "A file is in quarantine. Two people release it, or it is handed over and destroyed, first"
    ),
    ("disposition", "not-referred"): _l("No referral of this tip has been sent yet. Choose how else it ends"),
    ("assignee", "unknown"): _l("This person is not at this desk any more. Choose somebody else"),
}


def refuse(form: TiplineForm, refused: BadInput) -> None:
    """Put a service's refusal beside the field that it names."""
    words_for_it = _REFUSALS.get((refused.field, refused.reason), "Choose or write something else here")
    form.add_error(refused.field, words_for_it)


class ReasonForm(TiplineForm):
    """Why somebody wants to look."""

    reason_code = RadioField(
        _l("Why do you look?"), choices=list(words.REASONS.items()), validators=[Needed(_l("Choose why you look"))]
    )
    reason_text = StringField(
        _l("In words"),
        [AtMost(access.REASON_LIMIT)],
        description=_l("Only needed for another reason. Sealed to the desk, at most 200 characters."),
    )


class AssignForm(TiplineForm):
    """Whose tip it is."""

    assignee = SelectField(_l("Give to"), validators=[Needed(_l("Choose who gets it"))])

    def __init__(self, members: tuple[tuple[str, str], ...] = (), **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.assignee.choices = [*CHOOSE, *members]


class LaneForm(TiplineForm):
    """How fast and by whom."""

    lane = SelectField(_l("Lane"), validators=[Needed(_l("Choose a lane"))])

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.lane.choices = [(lane, words.LANES[lane]) for lane in lanes.available()]


class GradeForm(TiplineForm):
    """The 4x4 grade, with what each code means."""

    source_code = RadioField(
        _l("Source"),
        choices=[(code, f"{code}: {meaning}") for code, meaning in words.SOURCES.items()],
        default="X",
        validators=[Needed(_l("Choose how far the source can be trusted"))],
    )
    information_code = RadioField(
        _l("Information: how does the source know?"),
        choices=[(code, f"{code}: {meaning}") for code, meaning in words.INFORMATION.items()],
        default="4",
        validators=[Needed(_l("Choose how the source knows"))],
    )
    grade_reason = TextAreaField(
        _l("Reason for this grade"),
        [Needed(_l("Say why you grade it like this")), AtMost(assessments.REASON_LIMIT)],
        description=_l("A or 1 holds only when a supervisor gives it or agrees."),
    )


class RefuseGradeForm(TiplineForm):
    """Why a supervisor does not agree."""

    refusal = TextAreaField(_l("Why not?"), [Needed(_l("Say why you do not agree")), AtMost(assessments.REASON_LIMIT)])


class StatementForm(TiplineForm):
    """One sentence of the reviewer, marked as fact or assessment."""

    basis = RadioField(
        _l("What is it?"),
        choices=[("fact", _l("A fact, which can be checked")), ("assessment", _l("My personal assessment"))],
        validators=[Needed(_l("Choose whether it is a fact or an assessment"))],
    )
    statement = TextAreaField(_l("Statement"), [Needed(_l("Write the statement")), AtMost(statements.TEXT_LIMIT)])
    as_of = DateField(_l("Date of the information"), [Needed(_l("Enter the date of the information"))])
    verified_on = DateField(_l("Last checked on (optional)"), [Optional()])


class NoteForm(TiplineForm):
    """A note for colleagues."""

    note = TextAreaField(
        _l("Note"),
        [Needed(_l("Write the note")), AtMost(notes.NOTE_LIMIT)],
        description=_l("@ and a colleague's name calls them: they are told of the tip, not of what you write."),
    )


class SanitisedForm(TiplineForm):
    """The narrative as it may go out."""

    sanitised = CountedTextField(
        _l("Sanitised narrative"), [Needed(_l("Write the sanitised narrative"))], limit=notes.SANITISED_LIMIT
    )


class CloseForm(TiplineForm):
    """How a tip ends."""

    disposition = SelectField(
        _l("Close as"),
        choices=[*CHOOSE, *words.DISPOSITIONS.items()],
        validators=[Needed(_l("Choose how it ends"))],
    )
    disposition_reason = TextAreaField(
        _l("Reason"), [Needed(_l("Say why it ends like this")), AtMost(tips.REASON_LIMIT)]
    )


class OutcomeForm(TiplineForm):
    """What came of a referral."""

    outcome = TextAreaField(_l("What came of it?"), [Needed(_l("Say what came of it")), AtMost(tips.REASON_LIMIT)])


class RestrictForm(TiplineForm):
    """Why a tip is restricted instead of erased."""

    restriction = TextAreaField(
        _l("Why is it restricted?"), [Needed(_l("Say why it is restricted")), AtMost(tips.REASON_LIMIT)]
    )


class HoldForm(TiplineForm):
    """Why a tip must stay, and when to look again."""

    hold_reason = SelectField(
        _l("Why must it stay?"),
        choices=[*CHOOSE, *words.HOLDS.items()],
        validators=[Needed(_l("Choose why it must stay"))],
    )
    hold_text = TextAreaField(_l("In words"), [Needed(_l("Say why it must stay")), AtMost(holds.REASON_LIMIT)])
    review_on = DateField(_l("Look at it again on"), [Needed(_l("Enter the date to look at it again"))])


class DownloadForm(TiplineForm):
    """A download is taken after a warning was read."""

    understood = CheckboxField(
        _l("I know that this file was not cleaned and may be dangerous to open"),
        [Needed(_l("Tick that you have read the warning"))],
    )


def page_forms(failing: TiplineForm | None, codes: Codes, filled: Filled) -> dict[str, PageForm]:
    """Every form of a tip's page; the one that was sent and refused keeps its answers and errors.

    ``codes`` and ``filled`` by the form's name, as ``PageForm`` takes them.
    """
    kinds: tuple[type[TiplineForm], ...] = (
        AssignForm,
        LaneForm,
        GradeForm,
        RefuseGradeForm,
        StatementForm,
        NoteForm,
        SanitisedForm,
        CloseForm,
        OutcomeForm,
        RestrictForm,
        HoldForm,
    )
    names = {kind.__name__.removesuffix("Form").lower(): kind for kind in kinds}
    return {
        name: PageForm(kind, failing, codes=codes.get(name), filled=filled.get(name)) for name, kind in names.items()
    }
