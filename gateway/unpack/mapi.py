"""MAPI properties as a winmail.dat lists them (MS-OXTNEF section 2.1.3.4): read one after the other, within bounds."""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from gateway import charset

_MAX_PROPERTIES = 2_000
_MAX_VALUES = 2_000  # of one property; the first one counts
_WIDTHS = {0x02: 4, 0x03: 4, 0x04: 4, 0x05: 8, 0x06: 8, 0x07: 8, 0x0A: 4, 0x0B: 4, 0x14: 8, 0x40: 8, 0x48: 16}
_NULL = 0x01
_STRING8, _UNICODE, _OBJECT, _BINARY = 0x1E, 0x1F, 0x0D, 0x102
_SIZED = (_STRING8, _UNICODE, _OBJECT, _BINARY)
_APPOINTMENT = bytes.fromhex("0220060000000000c000000000000046")  # PSETID_Appointment (MS-OXPROPS section 1.3.2)
_FIRST_DAY = datetime(1601, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Property:
    """An id and a value; strings are UTF-8. The id of a named one is its number in PSETID_Appointment, or -1."""

    key: int
    value: bytes
    named: bool = False

    def number(self) -> int:
        """As an integer of 32 bits."""
        return int.from_bytes(self.value[:4], "little")

    def time(self) -> datetime | None:
        """As a FILETIME: tenths of microseconds since 1601."""
        if len(self.value) != 8:
            return None
        try:
            return _FIRST_DAY + timedelta(microseconds=int.from_bytes(self.value, "little") // 10)
        except OverflowError:
            return None


def properties(data: bytes, page: str) -> Iterator[Property]:
    """All properties that can be read; what is cut or unknown ends the list."""
    if len(data) < 4:
        return
    (count,) = struct.unpack_from("<I", data)
    position = 4
    try:
        for _ in range(min(count, _MAX_PROPERTIES)):
            kind, key = struct.unpack_from("<HH", data, position)
            position += 4
            named = key >= 0x8000
            if named:
                key, position = _name(data, position)
            value, position = _first_value(data, position, kind, page)
            if value is not None:
                yield Property(key, value, named)
    except (struct.error, LookupError):
        return


def _name(data: bytes, position: int) -> tuple[int, int]:
    """The number of a named property and where its values begin."""
    kind, number = struct.unpack_from("<II", data, position + 16)
    known = data[position : position + 16] == _APPOINTMENT
    position += 24
    if kind == 0:
        return (number if known else -1), position
    return -1, position + number + -number % 4  # a name in letters, of `number` bytes


def _first_value(data: bytes, position: int, kind: int, page: str) -> tuple[bytes | None, int]:
    many, kind = bool(kind & 0x1000), kind & 0x0FFF
    if kind == _NULL and not many:
        return None, position
    count = 1
    if many or kind in _SIZED:
        (count,) = struct.unpack_from("<I", data, position)
        position += 4
    if count > _MAX_VALUES:
        raise LookupError(count)
    first: bytes | None = None
    for number in range(count):
        start, end, position = _extent(data, position, kind)
        if number == 0:
            first = _text(data[start:end], kind, page)
    return first, position


def _extent(data: bytes, position: int, kind: int) -> tuple[int, int, int]:
    """Where a value begins and ends, and where the next one begins: each is filled up to four bytes."""
    if kind in _SIZED:
        (length,) = struct.unpack_from("<I", data, position)
        position += 4
        after = position + length + -length % 4
    else:
        length = after = _WIDTHS[kind]
        after += position
    if length > len(data) - position:
        raise LookupError(length)
    return position, position + length, after


def _text(value: bytes, kind: int, page: str) -> bytes:
    if kind == _UNICODE:
        return value.decode("utf-16-le", "replace").rstrip("\0").encode("utf-8", "replace")
    return charset.decode(value.rstrip(b"\0"), page).encode("utf-8", "replace") if kind == _STRING8 else value
