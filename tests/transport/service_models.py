"""The descriptions of AWS's services, which boto3 reads anew for each session: here once for all."""

from __future__ import annotations

from functools import cache

import botocore.session

__all__ = ["read_once"]


def read_once() -> None:
    """From now on all sessions of this process have one reader of them, which remembers what it read."""
    botocore.session.create_loader = cache(botocore.session.create_loader)
