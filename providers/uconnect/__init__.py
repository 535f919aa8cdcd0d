"""uConnect: one subscriber file of all populations, in the client's own S3 bucket."""

from providers.uconnect.communities import mapping_document
from providers.uconnect.feed import UConnectFeed
from providers.uconnect.settings import UConnectSettings

__all__ = ["FEED", "UConnectFeed", "UConnectSettings", "mapping_document"]

FEED = UConnectFeed()
