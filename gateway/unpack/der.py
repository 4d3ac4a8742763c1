"""DER and BER (X.690) as far as S/MIME needs them: element by element, within bounds, nothing copied twice."""

from dataclasses import dataclass

MAX_ELEMENTS = 200_000  # 25 MB in pieces of 128 bytes: OpenSSL and Outlook write pieces of 1 KB and more
_MAX_DEPTH = 40

OCTETS, OID, SEQUENCE, SET = 0x04, 0x06, 0x30, 0x31
CONTEXT_0 = 0xA0
_CONSTRUCTED = 0x20
_END = b"\0\0"  # end of contents, for elements of indefinite length


class Malformed(ValueError):
    """No element where one must stand, or one that reaches beyond its container."""


@dataclass(frozen=True, slots=True)
class Element:
    """Tag and place of one element; `end` is that of its contents, or -1 when only its end mark tells."""

    tag: int
    start: int
    end: int


class Walker:
    """Reads elements out of `data`, which is never trusted: raises Malformed and nothing else."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self._left = MAX_ELEMENTS

    def element(self, position: int, limit: int) -> Element:
        """The element that begins at `position` and ends at `limit` at the latest."""
        self._left -= 1
        if self._left < 0 or position + 2 > limit:
            raise Malformed
        tag, length = self.data[position], self.data[position + 1]
        if tag & 0x1F == 0x1F:  # a tag of several bytes: CMS has none
            raise Malformed
        start = position + 2
        if length == 0x80:
            if not tag & _CONSTRUCTED:
                raise Malformed
            return Element(tag, start, -1)
        if length > 0x80:
            size = length & 0x7F
            if size > 8 or start + size > limit:
                raise Malformed
            length = int.from_bytes(self.data[start : start + size], "big")
            start += size
        if length > limit - start:
            raise Malformed
        return Element(tag, start, start + length)

    def enter(self, position: int, limit: int, tag: int) -> tuple[int, int]:
        """Where the contents of the element with this tag begin, and where they end at the latest."""
        found = self.element(position, limit)
        if found.tag != tag:
            raise Malformed
        return found.start, limit if found.end < 0 else found.end

    def over(self, position: int, limit: int, depth: int = 0) -> int:
        """The position behind the element at `position`."""
        found = self.element(position, limit)
        if found.end >= 0:
            return found.end
        if depth >= _MAX_DEPTH:
            raise Malformed
        position = found.start
        while not self.ends(position, limit):
            position = self.over(position, limit, depth + 1)
        return position + 2

    def ends(self, position: int, limit: int) -> bool:
        """True at the end of contents: an end mark, or nothing left."""
        return position >= limit or self.data[position : position + 2] == _END

    def octets(self, position: int, limit: int) -> bytes:
        """The content of an OCTET STRING, which BER may cut into pieces, and these again."""
        pieces: list[memoryview] = []
        self._pieces(position, limit, pieces, 0)
        return b"".join(pieces)

    def _pieces(self, position: int, limit: int, pieces: list[memoryview], depth: int) -> int:
        found = self.element(position, limit)
        if found.tag & ~_CONSTRUCTED != OCTETS or depth >= _MAX_DEPTH:
            raise Malformed
        if found.tag == OCTETS:
            pieces.append(memoryview(self.data)[found.start : found.end])
            return found.end
        end = limit if found.end < 0 else found.end
        position = found.start
        while position < end and (found.end >= 0 or not self.ends(position, end)):
            position = self._pieces(position, end, pieces, depth + 1)
        if found.end >= 0:
            return found.end
        if position >= end:
            raise Malformed  # cut: its end mark is missing
        return position + 2
