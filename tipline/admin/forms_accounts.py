"""Forms for people, their roles, and desks."""

from __future__ import annotations

from typing import Any

from flask_babel import lazy_gettext as _l

from tipline.errors import BadInput
from tipline.roles import Role
from tipline.web.forms import AtMost, CheckboxesField, Needed, SelectField, StringField, TiplineForm

ROLES = (
    (Role.REVIEWER.value, _l("Reviewer: reads and assesses tips of a desk")),
    (Role.SUPERVISOR.value, _l("Supervisor: may also open identities and take second decisions")),
    (Role.ADMINISTRATOR.value, _l("Administrator: people, appeals, authorities, releases; never a tip")),
    (Role.AUDITOR.value, _l("Auditor: the log and its clocks; never a tip")),
)
REFUSALS = {
    ("name", "form"): _l("Use 2 to 40 small letters, figures, dots, dashes or underscores"),
    ("name", "taken"): _l("This name is taken, or was by somebody who left"),
    ("name", "empty"): _l("Enter a name"),
    ("name", "too-long"): _l("Use at most 120 characters"),
    ("display_name", "empty"): _l("Enter what colleagues call this person"),
    ("display_name", "too-long"): _l("Use at most 120 characters"),
    ("roles", "none"): _l("Choose at least one role"),
    ("roles", "mixed"): _l("Administrator and auditor each stand alone: a person cannot hold a second role with it"),
    ("roles", "other-side"): _l("Nobody crosses between the desk and the administration: invite a new account instead"),
    ("founders", "too-few"): _l("Choose at least two supervisors"),
    ("founders", "not-supervisor"): _l("Choose supervisors only"),
    ("account", "role"): _l("Choose a reviewer or a supervisor"),
}


class RefusableForm(TiplineForm):
    """A form that has words for what a service refuses."""

    def refuse(self, refused: BadInput) -> None:
        """Put a refusal beside its field."""
        self.add_error(refused.field, REFUSALS[refused.field, refused.reason])


class PersonForm(RefusableForm):
    """What somebody is called, and what they may do."""

    display_name = StringField(_l("Shown as"), [Needed(REFUSALS["display_name", "empty"]), AtMost(120)])
    roles = CheckboxesField(_l("Roles"), choices=ROLES)

    def chosen(self) -> frozenset[Role]:
        """The roles that were ticked."""
        return frozenset(Role(role) for role in self.roles.data or ())


class InviteForm(PersonForm):
    """A new person."""

    name = StringField(
        _l("Name for signing in"),
        [Needed(_l("Enter a name for signing in"))],
        description=_l("Small letters and figures, such as m.ionescu. It cannot be changed later"),
    )


class DeskForm(RefusableForm):
    """A new desk and the supervisors who will make its keys."""

    name = StringField(_l("Name of the desk"), [Needed(REFUSALS["name", "empty"]), AtMost(120)])
    founders = CheckboxesField(
        _l("Founders"), description=_l("At least two. One of them makes the keys; nobody at this door can")
    )


class MemberForm(RefusableForm):
    """Somebody to name for a desk."""

    account = SelectField(_l("Person"), [Needed(_l("Choose a person"))])

    def offer(self, people: Any) -> None:
        """Fill the list."""
        self.account.choices = [
            ("", _l("Choose a person")),
            *((one.id, f"{one.display_name} ({', '.join(sorted(one.roles))})") for one in people),
        ]
