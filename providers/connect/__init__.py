"""SchoolStatus Connect: users, classes, enrollments and guardians as CSV files that Connect fetches by SFTP."""

from __future__ import annotations

from providers.connect.feed import ConnectFeed

__all__ = ["FEED", "ConnectFeed"]

FEED = ConnectFeed()
