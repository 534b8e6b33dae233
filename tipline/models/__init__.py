"""Tables, nothing else. Importing this package registers every table with ``Base.metadata``."""

from tipline.models import account, appeal, campaign, desk, edition, log, referral, service, tip
from tipline.models.base import Base

__all__ = ["Base", "account", "appeal", "campaign", "desk", "edition", "log", "referral", "service", "tip"]
