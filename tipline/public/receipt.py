"""The receipt page: whoever holds a receipt opens its mailbox here."""

from __future__ import annotations

from typing import Any

from flask import redirect, render_template, url_for
from flask_babel import gettext as _

from tipline import clock
from tipline.errors import NotFound, ReceiptMistyped
from tipline.extensions import db
from tipline.public import bp, forms
from tipline.services import mailbox
from tipline.web import guard, visiting


@bp.route("/receipt", methods=["GET", "POST"])
@guard.anyone
def receipt() -> Any:
    """Ask for the receipt, open its mailbox and go there; no address and no cookie ever carries the code."""
    form = forms.ReceiptForm()
    if form.validate_on_submit():
        try:
            opened = mailbox.open_mailbox(form.receipt.data or "")
        except ReceiptMistyped:
            form.add_error("receipt", _("Check the receipt: it has 20 letters and figures, and never the letter U"))
        except NotFound:
            form.add_error("receipt", _("We have no tip with this receipt. Check every letter, or the tip was erased"))
        else:
            db.begin_writing()
            visiting.begin(opened, clock.now())
            db.session.commit()
            return redirect(url_for("public.mailbox"), code=303)
    return render_template("public/receipt/receipt.html", form=form)
