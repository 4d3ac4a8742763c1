"""Writes what Outlook writes: a winmail.dat (MS-OXTNEF), MAPI properties, compressed RTF (MS-OXRTFCP)."""

import struct
from collections.abc import Iterable
from datetime import UTC, datetime

from gateway.unpack.rtf import _START

STRING8, UNICODE, OBJECT, BINARY, LONG, TIME = 0x1E, 0x1F, 0x0D, 0x102, 0x03, 0x40
IID_MESSAGE = bytes.fromhex("0703020000000000c000000000000046")
PSETID_APPOINTMENT = bytes.fromhex("0220060000000000c000000000000046")


def attribute(level: int, name: int, data: bytes) -> bytes:
    """One attribute with its checksum."""
    return struct.pack("<BHHI", level, name, 0, len(data)) + data + struct.pack("<H", sum(data) & 0xFFFF)


def winmail(*attributes: bytes) -> bytes:
    """A winmail.dat of these attributes."""
    return struct.pack("<IH", 0x223E9F78, 1) + b"".join(attributes)


def property_(kind: int, key: int, value: bytes, named: bytes = b"") -> bytes:
    """One MAPI property; `named` is the set and the number of a named one."""
    head = struct.pack("<HH", kind, 0x8000 if named else key) + named
    if kind in (STRING8, UNICODE, OBJECT, BINARY):
        return head + struct.pack("<II", 1, len(value)) + value + bytes(-len(value) % 4)
    return head + value


def named_number(number: int) -> bytes:
    """The name of a property in PSETID_Appointment."""
    return PSETID_APPOINTMENT + struct.pack("<II", 0, number)


def properties(*packed: bytes) -> bytes:
    """A list of MAPI properties."""
    return struct.pack("<I", len(packed)) + b"".join(packed)


def text(value: str) -> bytes:
    """A Unicode string with its end."""
    return value.encode("utf-16-le") + b"\0\0"


def filetime(when: datetime) -> bytes:
    """Tenths of microseconds since 1601."""
    ticks = (when - datetime(1601, 1, 1, tzinfo=UTC)).total_seconds() * 10_000_000
    return struct.pack("<Q", int(ticks))


def file(name: str, data: bytes, *more: bytes) -> bytes:
    """The attributes of a file; `more` are MAPI properties."""
    packed = attribute(2, 0x9002, bytes(14)) + attribute(2, 0x8010, name.encode("cp1252", "replace") + b"\0")
    packed += attribute(2, 0x800F, data)
    return packed + (attribute(2, 0x9005, properties(*more)) if more else b"")


def message(*packed: bytes) -> bytes:
    """The attribute with the MAPI properties of the message."""
    return attribute(1, 0x9003, properties(*packed))


def compressed(rtf: bytes, *, references: bool = True) -> bytes:
    """RTF as Outlook compresses it, by references to what came before."""
    window = bytearray(_START)
    tokens = list(_tokens(rtf, window, references=references))
    tokens.append(((len(window) % 4096) << 4).to_bytes(2, "big"))
    out = b""
    for first in range(0, len(tokens), 8):
        run = tokens[first : first + 8]
        out += bytes([sum((len(token) == 2) << bit for bit, token in enumerate(run))]) + b"".join(run)
    return struct.pack("<IIII", len(out) + 12, len(rtf), 0x75465A4C, 0) + out


def _tokens(rtf: bytes, window: bytearray, *, references: bool) -> Iterable[bytes]:
    position = 0
    while position < len(rtf):
        length, place = 0, -1
        for wanted in range(min(17, len(rtf) - position), 2 if references else 17, -1):
            place = bytes(window).rfind(rtf[position : position + wanted], max(0, len(window) - 4000))
            if place >= 0:
                length = wanted
                break
        if length:
            yield ((place % 4096) << 4 | (length - 2)).to_bytes(2, "big")
        else:
            length = 1
            yield rtf[position : position + 1]
        window += rtf[position : position + length]
        position += length
