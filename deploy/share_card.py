"""Draws tipline/static/share-card.jpg anew, the picture that other sites show of pages without an object."""

from pathlib import Path

from tipline.services import share_cards

TARGET = Path(__file__).resolve().parents[1] / "tipline" / "static" / "share-card.jpg"

share_cards.compose_mark().save(TARGET, "JPEG", quality=88, optimize=True)
print(f"{TARGET.name}: {TARGET.stat().st_size} bytes")
