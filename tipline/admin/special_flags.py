"""The auditors' inbox: people who were written down with special categories of data (Art. 76)."""

from __future__ import annotations

from flask import flash, g, redirect, render_template, url_for
from flask_babel import gettext as _
from werkzeug import Response

from tipline import clock
from tipline.admin import bp
from tipline.extensions import db
from tipline.roles import Role
from tipline.services import special_flags as service
from tipline.web import guard
from tipline.web.forms import check_token


@bp.get("/special-flags")
@guard.allow(Role.AUDITOR)
def special_flags() -> str:
    """Every flag, those that wait first."""
    return render_template("admin/log/special_flags.html", flags=service.list_flags(g.person))


@bp.post("/special-flags/<mention_id>/seen")
@guard.allow(Role.AUDITOR)
def see_special_flag(mention_id: str) -> Response:
    """An auditor has seen it."""
    check_token()
    service.see(g.person, mention_id, clock.now())
    db.session.commit()
    flash(_("Noted that you have seen it. The log keeps that."), "success")
    return redirect(url_for(".special_flags"), 303)
