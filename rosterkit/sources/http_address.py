"""Addresses of APIs: which may be configured, and how messages show them."""

from __future__ import annotations

import ipaddress

import httpx

from rosterkit.errors import UsageError

SHOWN_PARAMETERS = frozenset({"limit", "offset", "starting_after", "ending_before"})
"""The parameters of a query that messages may show: they say which page, and hold nothing personal or secret."""


def checked_address(address: str, setting: str) -> httpx.URL:
    """The base address, which ends in a slash; UsageError unless it is https, or http on this machine."""
    try:
        url = httpx.URL(address.rstrip("/") + "/")
    except (httpx.InvalidURL, ValueError) as error:
        raise UsageError(f'{setting} is not an address. Write it like "https://host/path".') from error
    if not url.host or url.userinfo or url.query or url.fragment:
        raise UsageError(f"{setting} must be a host and a path only, without user name, password, query or fragment.")
    if url.scheme != "https" and not (url.scheme == "http" and _is_loopback(url.host)):
        raise UsageError(f"{setting} must start with https://: people's data and tokens travel over it.")
    return url


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def shown_address(url: httpx.URL) -> str:
    """The address as messages may show it: without user name, and of the query only what says which page."""
    shown = [(name, value) for name, value in url.params.multi_items() if name in SHOWN_PARAMETERS]
    return str(url.copy_with(userinfo=b"", query=None, fragment=None, params=shown or None)).rstrip("?")
