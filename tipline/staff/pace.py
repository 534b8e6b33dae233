"""How somebody works through the queue: the next tip, who has one open, kept views, settings, the count of new ones."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl, urlencode

from flask import flash, g, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug import Response

from tipline import clock
from tipline.errors import BadInput
from tipline.extensions import db
from tipline.roles import Role
from tipline.services import access, presence, queue, saved_views, taking, work_settings
from tipline.staff import bp, filters, tip
from tipline.staff.forms_queue import REFUSALS, SettingsForm, ViewForm
from tipline.web import guard
from tipline.web.forms import check_token

both = guard.allow(Role.REVIEWER, Role.SUPERVISOR)


@bp.post("/next")
@both
def take_next() -> Response:
    """Take the next tip and go to it."""
    check_token()
    wanted = filters.current()
    ref = taking.take_next(g.person, wanted.desk_id, clock.now()) if wanted else None
    db.session.commit()
    if ref is None:
        flash(_("Nobody's tips are all taken, or they are in languages that you do not read."), "note")
        return redirect(url_for("staff.queue", **filters.address(wanted) if wanted else {}), code=303)
    flash(_("This tip is yours. “Give it back” undoes that."), "done")
    return redirect(url_for("staff.tip", ref=ref, desk=wanted.desk_id if wanted else None), code=303)


@bp.post("/tips/<ref>/take-over")
@both
def take_over(ref: str) -> Response:
    """Have a tip open instead of a colleague."""
    check_token()
    presence.take_over(g.person, access.see_tip(g.person, ref).id, clock.now())
    db.session.commit()
    flash(_("You have this tip open now. Its history says so."), "done")
    return tip.back_to(ref)


@bp.get("/new-tips")
@guard.allow(Role.REVIEWER, Role.SUPERVISOR, by_itself=True)
def new_tips() -> dict[str, Any]:
    """How many tips of a desk nobody has looked at, for the page that counts by itself."""
    wanted = filters.current()
    found = queue.count_new(g.person, wanted.desk_id) if wanted else queue.Count(0, more=False)
    return {"count": found.number, "words": new_words(found)}


@bp.route("/views", methods=["GET", "POST"])
@both
def views() -> str | Response:
    """The views that somebody has at a desk; with a filter in the address also a form to keep it."""
    wanted = filters.current()
    if wanted is None:
        return redirect(url_for("staff.queue"))
    form = ViewForm()
    query = urlencode([pair for pair in filters.address(wanted).items() if pair[0] != "desk"])
    if query and form.validate_on_submit():
        try:
            saved_views.save(g.person, wanted.desk_id, form.view_name.data or "", query, shared=form.shared.data)
        except BadInput as refused:
            db.session.rollback()
            form.add_error("view_name", REFUSALS.get((refused.field, refused.reason), "Choose something else here"))
        else:
            db.session.commit()
            flash(_("The view is kept."), "done")
            return redirect(url_for("staff.queue", **filters.address(wanted)), code=303)
    return render_template(
        "staff/queue/views.html",
        form=form if query else None,
        address=filters.address(wanted),
        views=view_links(wanted.desk_id),
    )


@bp.post("/views/<view_id>/remove")
@both
def remove_view(view_id: str) -> Response:
    """Take a view away."""
    check_token()
    saved_views.remove(g.person, view_id)
    db.session.commit()
    flash(_("The view is removed."), "done")
    return redirect(url_for("staff.views", desk=request.args.get("desk")), code=303)


@bp.route("/settings", methods=["GET", "POST"])
@both
def settings() -> str | Response:
    """How somebody works: languages, and keys."""
    kept = work_settings.read(g.person)
    form = SettingsForm(data={"languages": [str(one) for one in kept.languages], "keys_on": kept.keys_on})
    if form.validate_on_submit():
        chosen = [int(one) for one in form.languages.data or ()]
        work_settings.save(g.person, chosen, keys_on=form.keys_on.data)
        db.session.commit()
        flash(_("This is kept."), "done")
        return redirect(url_for("staff.settings"), code=303)
    return render_template("staff/queue/settings.html", form=form)


def view_links(desk_id: str) -> list[tuple[saved_views.View, str]]:
    """The views of a desk with their addresses."""
    return [
        (one, url_for("staff.queue", desk=desk_id, **dict(parse_qsl(one.query))))
        for one in saved_views.of_desk(g.person, desk_id)
    ]


def new_words(found: queue.Count) -> str:
    """How many tips are new, in words."""
    if found.more:
        return f"more than {found.number:,} new".replace(",", "\u202f")
    return f"{found.number} new"
