"""The receipt page: what became of a tip, for whoever holds its receipt."""

from __future__ import annotations

from typing import Any

from flask import render_template
from flask_babel import gettext as _

from tipline.errors import NotFound, ReceiptMistyped
from tipline.public import bp, forms
from tipline.services import mailbox
from tipline.web import guard


@bp.route("/receipt", methods=["GET", "POST"])
@guard.anyone
def receipt() -> Any:
    """Ask for the receipt; the answer to the post is the status itself, so that no address ever carries the code."""
    form = forms.ReceiptForm()
    if form.validate_on_submit():
        try:
            view = mailbox.open_mailbox(form.receipt.data or "")
        except ReceiptMistyped:
            form.add_error("receipt", _("Check the receipt: it has 20 letters and figures, and never the letter U"))
        except NotFound:
            form.add_error("receipt", _("We have no tip with this receipt. Check every letter, or the tip was erased"))
        else:
            return render_template("public/receipt/status.html", view=view)
    return render_template("public/receipt/receipt.html", form=form)
