"""Tables, nothing else. Importing this package registers every table with ``Base.metadata``."""

from tipline.models import account, appeal, desk, log, referral, tip
from tipline.models.base import Base

__all__ = ["Base", "account", "appeal", "desk", "log", "referral", "tip"]
