"""Handshake: the student file for the Importer, by hand the first time and through S3 afterwards."""

from providers.handshake.feed import HandshakeFeed
from providers.handshake.settings import HandshakeSettings

__all__ = ["FEED", "HandshakeFeed", "HandshakeSettings"]

FEED = HandshakeFeed()
