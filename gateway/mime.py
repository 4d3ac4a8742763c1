"""MIME structure (RFC 2045, RFC 2046): raw bytes cut into a tree of parts, in linear time and within limits.

Parts are offsets into the raw bytes, so that a part is handed on byte for byte and a large attachment is
decoded by one call. The stdlib parser reads line by line into text (about 10 mails a second at 5 MB), takes a
bare CR for the end of a header, and descends without bound.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from gateway.headers import Headers, clean, looks_like_fields
from gateway.params import ContentType, content_type, disposition

MAILS = ("message/rfc822", "message/global")  # media types of a whole mail within another one

# CR CR LF is what a relay makes of CR LF when it "mends" the line ends of a mail once more.
_BLANK_LINE = re.compile(rb"\r?\n\r{0,2}\n")
_BOUNDARY_TAIL = re.compile(rb"(--)?[ \t]*(?:\r{0,2}\n|\Z)")
_FIRST_BOUNDARY = re.compile(rb"(?:\A|\n)--([!-~]{1,70})[ \t]*\r{0,2}\n")
_DASHED_LINE = re.compile(rb"^--", re.MULTILINE)  # the first boundary, right below the header
_CHARSET = re.compile(rb"charset\s{0,5}=\s{0,5}[\"']?([\w.:-]{2,40})", re.IGNORECASE)
_FIRST_PARTS = 65_536  # bytes in which that of the text stands
_MAX_GLUED = 4_096  # bytes at the end of a multipart in which its closing boundary is looked for once more
_LOOK_ALIKES = 100_000  # lines that begin like a boundary and are none


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds of mail-in.md; above one of them a mail is held and nothing of it is lost."""

    max_depth: int = 30
    max_parts: int = 1_000
    max_header_block: int = 256 * 1024
    max_header: int = 64 * 1024
    max_text: int = 1024 * 1024  # characters of text kept for a note
    max_html: int = 512 * 1024  # characters of HTML that are sanitised


@dataclass(slots=True)
class Part:
    """One part: its header fields, and where its body lies in the raw bytes."""

    raw: bytes  # of the mail, or of the wrapping that held this part
    headers: Headers
    start: int  # of the header block
    body: int
    end: int
    type: ContentType
    children: list["Part"] = field(default_factory=list)
    opaque: bool = False  # not looked into: a limit was passed
    epilogue: int = -1  # what stands behind the closing boundary; -1 when there is none

    def walk(self) -> Iterator["Part"]:
        """This part and all below it, in order."""
        stack = [self]
        while stack:
            part = stack.pop()
            yield part
            stack.extend(reversed(part.children))


@dataclass(slots=True)
class Splitter:
    """Cuts one mail; `defects` and `over_limit` tell what was met."""

    raw: bytes
    limits: Limits
    defects: list[str] = field(default_factory=list)
    over_limit: str = ""
    _parts: int = 0
    _look_alikes: int = 0
    _charset: str | None = None

    def split(self) -> Part:
        """The tree of the whole mail."""
        return self._part(0, len(self.raw), 0, "text/plain")

    def _part(self, start: int, end: int, depth: int, default_type: str) -> Part:
        self._parts += 1
        headers, body = self._header(start, end, depth)
        kind = content_type(headers.raw("content-type"), default_type, self.defects)
        part = Part(self.raw, headers, start, body, end, kind)
        if kind.maintype != "multipart":
            return part
        if depth >= self.limits.max_depth:
            self.over_limit = self.over_limit or f"parts nested deeper than {self.limits.max_depth}"
            part.opaque = True
        else:
            self._children(part, depth)
        return part

    def _header(self, start: int, end: int, depth: int) -> tuple[Headers, int]:
        """The fields of a part, and where its body begins."""
        raw, limit = self.raw, self.limits.max_header_block
        head = raw[start : min(end, start + 2)]
        if head[:1] == b"\n" or head == b"\r\n":  # no fields at all
            return Headers(b"", 0), start + (1 if head[:1] == b"\n" else 2)
        stop = _BLANK_LINE.search(raw, start, min(end, start + limit + 4))
        if stop is not None:
            block_end, body = stop.start() + 1, stop.end()
        elif end - start > limit:
            self.over_limit = self.over_limit or f"header block larger than {limit // 1024} KB"
            block_end, body = self._end_of_huge_header(start, end)
        else:
            block_end = body = end
        block = raw[start:block_end]
        headers = Headers(block, self.limits.max_header, "" if block.isascii() else self._hint())
        if headers.cut:
            self.over_limit = (
                self.over_limit or f"header {headers.cut[:40]} larger than {self.limits.max_header // 1024} KB"
            )
        if headers.stray >= 0:
            return self._stray(headers, start, block_end, body, depth)
        return headers, body

    def _hint(self) -> str:
        """The first charset that the mail names anywhere near its beginning: its text is in it, and its names too."""
        if self._charset is None:
            found = _CHARSET.search(self.raw, 0, _FIRST_PARTS)
            self._charset = found[1].decode("ascii") if found is not None else ""
        return self._charset

    def _end_of_huge_header(self, start: int, end: int) -> tuple[int, int]:
        stop = _BLANK_LINE.search(self.raw, start, end)
        return start + self.limits.max_header_block, stop.end() if stop is not None else end

    def _stray(self, headers: Headers, start: int, block_end: int, body: int, depth: int) -> tuple[Headers, int]:
        """A line that is no field: either the blank line was forgotten, or the line is rubbish between fields."""
        position = start
        for _ in range(headers.stray):
            position = self.raw.find(b"\n", position) + 1
        after = self.raw[position:block_end]
        if position == start and (depth > 0 or not looks_like_fields(after)):
            self.defects.append("no header fields")
            return Headers(b"", 0), start
        if _DASHED_LINE.search(after) is None and looks_like_fields(after):
            self.defects.append("a line in the header is no field")
            return headers, body
        self.defects.append("no blank line between header and text")
        return Headers(self.raw[start:position], self.limits.max_header), position

    def _children(self, part: Part, depth: int) -> None:
        """Cut the body of a multipart at its boundary lines."""
        boundary = part.type.params.get("boundary", "")
        if not boundary:
            self.defects.append("multipart without a boundary")
        if boundary and self._cut(part, boundary, depth):
            return
        # None named, or a wrong one: two lines that look like the first and the last boundary are taken for them.
        found = _FIRST_BOUNDARY.search(self.raw, max(0, part.body - 1), min(part.end, part.body + 65_536))
        if found is not None and self.raw.find(b"\n--" + found[1] + b"--", found.end() - 1, part.end) >= 0:
            if boundary:
                self.defects.append("multipart with another boundary than it says")
            self._cut(part, found[1].decode("ascii"), depth)
        elif boundary:
            self.defects.append("multipart without any part")

    def _cut(self, part: Part, boundary: str, depth: int) -> bool:
        """Cut the body of a multipart at these boundary lines; False when there is none."""
        default_type = "message/rfc822" if part.type.subtype == "digest" else "text/plain"
        previous, closed = -1, False
        for line_start, line_end, closing in self._boundaries(part, boundary):
            if previous >= 0:
                self._child(part, previous, line_start, depth, default_type)
            previous, closed = line_end, closing
            if closing:
                part.epilogue = line_end
                break
            if self.over_limit and self._parts >= self.limits.max_parts:
                self._rest(part, previous, default_type)
                return True
        if previous >= 0 and not closed:
            self.defects.append("multipart without its closing boundary")
            self._child(part, previous, self._glued_end(part, previous, boundary), depth, default_type)
        return previous >= 0

    def _glued_end(self, part: Part, start: int, boundary: str) -> int:
        """Where the last part ends: some programs put the closing boundary right behind a text without line end."""
        tail = self.raw[max(start, part.end - _MAX_GLUED) : part.end]
        text = tail.rstrip(b" \t\r\n")
        closing = f"--{boundary}--".encode("utf-8", "replace")
        return part.end - len(tail) + len(text) - len(closing) if text.endswith(closing) else part.end

    def _child(self, part: Part, start: int, end: int, depth: int, default_type: str) -> None:
        if self._parts >= self.limits.max_parts:
            self.over_limit = self.over_limit or f"more than {self.limits.max_parts} parts"
            self._rest(part, start, default_type)
            return
        part.children.append(self._part(start, max(start, end), depth + 1, default_type))

    def _rest(self, part: Part, start: int, default_type: str) -> None:
        """What is left of a multipart when a limit is passed: one part that is not looked into."""
        if part.children and part.children[-1].opaque and part.children[-1].end == part.end:
            return
        kind = content_type("application/octet-stream", default_type, self.defects)
        part.children.append(Part(self.raw, Headers(b"", 0), start, start, part.end, kind, opaque=True))

    def _boundaries(self, part: Part, boundary: str) -> Iterator[tuple[int, int, bool]]:
        """Start, end and kind of each boundary line; the line end before it belongs to it (RFC 2046 section 5.1.1)."""
        raw, end = self.raw, part.end
        needle = b"--" + boundary.encode("utf-8", "replace")
        position = raw.find(needle, part.body, end)
        while position >= 0:
            after = position + len(needle)
            tail = (
                _BOUNDARY_TAIL.match(raw, after, end) if position == part.body or raw[position - 1] in b"\r\n" else None
            )
            if tail is None:
                self._look_alikes += 1
                if self._look_alikes > _LOOK_ALIKES:
                    self.over_limit = self.over_limit or "too many lines that look like a boundary"
                    return
            else:
                cut = position
                if cut > part.body and raw[cut - 1 : cut] in (b"\n", b"\r"):
                    cut -= 2 if raw[cut - 2 : cut] == b"\r\n" and cut - 2 >= part.body else 1
                yield cut, tail.end(), tail[1] is not None
            position = raw.find(needle, after, end)


def disposed(part: Part, defects: list[str]) -> tuple[str, str]:
    """The kind of its Content-Disposition, and the name that a part gives itself, as written."""
    kind, parameters = disposition(part.headers.raw("content-disposition"), defects)
    return kind, parameters.get("filename") or part.type.params.get("name", "")


def described(part: Part) -> str:
    """What a part says of itself, for a name where it has none (RFC 2045 section 8)."""
    return clean(part.headers.text("content-description"), 100)
