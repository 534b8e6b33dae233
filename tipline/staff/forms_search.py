"""What to search for. The words go into the body of a post, never into an address."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l

from tipline.errors import BadInput
from tipline.services import search_words
from tipline.web.forms import AtMost, Needed, StringField, TiplineForm

_REFUSALS = {
    "empty": _l("Enter at least one word that has to be in the tip"),
    "many": f"Search for {search_words.MOST_TERMS} words or phrases at the most",
    "short": f"The beginning of a word needs {search_words.SHORTEST_BEGINNING} letters before the star",
}


class SearchForm(TiplineForm):
    """Words, phrases, beginnings."""

    words = StringField(
        _l("Search for"),
        [Needed(_REFUSALS["empty"]), AtMost(search_words.LONGEST)],
        description=_l(
            'Every word has to be in the tip. "Two words" in quotation marks stand together, '
            "bot* finds bottle and botella, -shop leaves out tips with that word. Accents make no difference."
        ),
    )

    def refuse(self, refused: BadInput) -> None:
        """Say beside the field why this cannot be searched for."""
        self.add_error("words", _REFUSALS.get(refused.reason, _REFUSALS["empty"]))
