"""Which network a request comes from, without keeping its address (SECURITY 16).

A network is a /24 of IPv4 or a /48 of IPv6, under a keyed hash whose key lives for a day and in memory only. What has
no network of its own (127.0.0.1, ::1, sockets and with them onion services) has none here either. Other addresses of
127.0.0.0/8 count one by one: only this machine has them.
"""

from __future__ import annotations

import datetime as dt
import hmac
import ipaddress

from tipline.services.counters import Counters

V4_BITS, V6_BITS = 24, 48
KEY_BYTES = 12


def prefix_of(address: str) -> str | None:
    """The network part of an address; None for what has none or is no address."""
    try:
        known = ipaddress.ip_address(address)
    except ValueError:
        return None
    if isinstance(known, ipaddress.IPv6Address):
        if known.ipv4_mapped is None:
            return None if known.is_loopback else f"6:{int(known) >> (128 - V6_BITS):x}"
        known = known.ipv4_mapped
    if known.is_loopback:
        return None if int(known) & 0xFFFFFF == 1 else f"4:{int(known):x}"
    return f"4:{int(known) >> (32 - V4_BITS):x}"


def key_of(address: str, counters: Counters, now: dt.datetime) -> str | None:
    """Today's name of the network that an address lies in; it leads back to no address once the day's key is gone."""
    prefix = prefix_of(address)
    if prefix is None:
        return None
    return hmac.digest(counters.day_key(now), prefix.encode(), "sha256")[:KEY_BYTES].hex()
