"""The reverse path of a mail as the server that took it last wrote it into the header (RFC 5321 section 4.4)."""

import re

_RETURN_PATH = re.compile(rb"^Return-Path:[ \t]*<?([^<>\s]*)>?[ \t]*\r?$", re.IGNORECASE | re.MULTILINE)
_END = re.compile(rb"\r?\n\r?\n")
_MOST = 256 * 1024  # bytes of the header that are looked at


def header_of(raw: bytes) -> bytes:
    """The header with its last line end, without the empty line behind it; of a huge one its beginning."""
    head = raw[:_MOST]
    end = _END.search(head)
    return head[: head.index(b"\n", end.start()) + 1] if end else head


def return_path(raw: bytes) -> str | None:
    """What the topmost Return-Path says, "" for the null reverse path; None without one."""
    found = _RETURN_PATH.search(header_of(raw))
    return found[1].decode("utf-8", "replace") if found else None
