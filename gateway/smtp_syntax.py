"""What SMTP commands may look like, and the Received line that says how a mail came."""

import ipaddress
import re
from datetime import datetime
from email.utils import format_datetime
from functools import lru_cache

# Only <local@domain>: no source route, no comment, no bare address, nothing decoded or mended on the way.
_ATOM = r'[^\s<>()\[\]\\,;:@"\x00-\x1f\x7f-\x9f]+'
_QUOTED = r'"(?:[^"\\\x00-\x1f\x7f-\x9f]|\\[\x20-\x7e])*"'
_LITERAL = r"\[[0-9A-Za-z.:]+\]"
_ADDRESS = rf"(?:{_ATOM}|{_QUOTED})@(?:{_ATOM}|{_LITERAL})"
_REVERSE_PATH = re.compile(rf"(?i:FROM):\s*<({_ADDRESS}|)>(?:\s+(.*))?")
_RECIPIENT = re.compile(rf"(?i:TO):\s*<({_ADDRESS}|(?i:postmaster))>(?:\s+(.*))?")
_MAX_PATH = 254  # RFC 5321 section 4.5.3.1.3, without the < >
_PARAMETER = re.compile(r"([A-Za-z0-9][A-Za-z0-9-]*)(?:=([\x21-\x3c\x3e-\x7e]+))?")
_NOT_IN_TRACE = re.compile(r"[^A-Za-z0-9._:\[\]-]")

Parameters = dict[str, str | None]


def reverse_path(argument: str) -> tuple[str, str] | None:
    """Address ("" for <>) and parameters of MAIL; None when it is not well formed."""
    return _path(_REVERSE_PATH, argument)


def recipient(argument: str) -> tuple[str, str] | None:
    """Address and parameters of RCPT; None when it is not well formed."""
    return _path(_RECIPIENT, argument)


def _path(pattern: re.Pattern[str], argument: str) -> tuple[str, str] | None:
    match = pattern.fullmatch(argument)
    if match is None or len(match[1].encode()) > _MAX_PATH:
        return None
    return match[1], match[2] or ""


def parameters(text: str) -> Parameters | None:
    """Keywords, in upper case, and their values (RFC 5321 section 4.1.2); None when not well formed."""
    found: Parameters = {}
    for item in text.split():
        match = _PARAMETER.fullmatch(item)
        if match is None:
            return None
        found[match[1].upper()] = match[2]
    return found


def client_address(peername: object) -> str:
    """Address of the client as text; "" for a local socket."""
    if not isinstance(peername, tuple):
        return ""
    return str(peername[0]).removeprefix("::ffff:")  # IPv4 over a dual-stack socket


def network(address: str) -> str:
    """What counts as one client: an IPv4 address, or the /64 that an IPv6 customer gets as a whole."""
    if ":" not in address:
        return address
    return str(ipaddress.ip_network((address.partition("%")[0], 64), strict=False))


def trace(peer: str, helo: str, by: str, protocol: str, mail_id: str, at: datetime) -> bytes:
    """One Received field (RFC 5321 section 4.4); loops are counted by these."""
    # helo is the client's word, and it goes into a header: nothing but host name characters passes.
    name = _NOT_IN_TRACE.sub("?", helo[:255])
    source = f"[IPv6:{peer}]" if ":" in peer else f"[{peer}]" if peer else "local"
    date = _date(at.replace(microsecond=0))
    return f"Received: from {name} ({source})\r\n\tby {by} with {protocol} id {mail_id};\r\n\t{date}\r\n".encode()


@lru_cache(maxsize=4)
def _date(second: datetime) -> str:
    """Many mails come within one second, and the date is a tenth of what taking a small one costs."""
    return format_datetime(second)
