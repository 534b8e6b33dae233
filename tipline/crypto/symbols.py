"""Crockford's base 32: codes that people write down, read out and type again."""

from __future__ import annotations

import secrets
import unicodedata

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"

BITS = 5

# Nobody types a code this long; what is longer is not looked at.
_LONGEST = 400

# O and I, L are read as the digits that they look like (Crockford). A person whose keyboard is set to Greek or
# Cyrillic sees the same letters on the screen, so capitals that look the same are read as the Latin ones.
_READ_AS = (
    {symbol: symbol for symbol in ALPHABET}
    | {"O": "0", "I": "1", "L": "1"}
    | dict(zip("ΑΒΕΖΗΙΚΜΝΟΡΤΥΧ", "ABEZH1KMN0PTYX", strict=True))
    | dict(zip("АВЕКМНОРСТХ", "ABEKMH0PCTX", strict=True))
)

# Spaces, dashes of any kind, and the invisible marks that word processors and messengers slip in.
_PASSED_OVER = frozenset({"Zs", "Zl", "Zp", "Pd", "Cf", "Cc"})


def draw(count: int) -> str:
    """That many symbols from the system's random source: five bits each."""
    return "".join(secrets.choice(ALPHABET) for _ in range(count))


def encode(number: int, count: int) -> str:
    """The number in exactly that many symbols. Raises OverflowError when it does not fit."""
    if number < 0 or number >> (BITS * count):
        raise OverflowError("the number does not fit")
    return "".join(ALPHABET[(number >> (BITS * place)) & 31] for place in reversed(range(count)))


def decode(symbols: str) -> int:
    """The number behind symbols that ``read`` has returned."""
    number = 0
    for symbol in symbols:
        number = number << BITS | ALPHABET.index(symbol)
    return number


def read(text: str, count: int) -> str:
    """The symbols of a code as somebody typed it: any case, spaces and dashes forgiven.

    Raises ValueError when there are not exactly ``count`` symbols or one is impossible; U is never a symbol.
    """
    if len(text) > _LONGEST:
        raise ValueError("too long")
    symbols = []
    for character in unicodedata.normalize("NFKC", text).upper():
        if unicodedata.category(character) in _PASSED_OVER:
            continue
        symbol = _READ_AS.get(character)
        if symbol is None:
            raise ValueError("not a symbol")
        symbols.append(symbol)
    if len(symbols) != count:
        raise ValueError("wrong number of symbols")
    return "".join(symbols)


def group(symbols: str, size: int) -> str:
    """The symbols in groups of ``size``, with dashes between: easier to copy by hand."""
    return "-".join(symbols[start : start + size] for start in range(0, len(symbols), size))
