"""A mail as its signatures see it: fields and body to the byte, in a form that is cheap to check."""

import re
from functools import cached_property

MAX_FIELDS = 2_000
_END = re.compile(rb"(?:\A|\n)\r?\n")
_BLANKS = re.compile(rb"[\t ]+")
_LINE_END = re.compile(rb"\r?\n")


class Odd(Exception):
    """Says, as the end of a sentence, why no signature of a mail can count."""


class Signed:
    """The fields as pairs in their order, and the body. Raises Odd for mail that readers may read differently."""

    def __init__(self, raw: bytes) -> None:
        import dkim

        end = _END.search(raw)
        head, self._rest = (raw, b"") if end is None else (raw[: end.start() + 1], raw[end.end() :])
        if b"\r" in head.replace(b"\r\n", b"\n") or b"\0" in head:
            raise Odd("its header has stray line ends")
        try:
            self.headers: list[list[bytes]] = dkim.rfc822_parse(head)[0]
        except (dkim.MessageFormatError, IndexError) as error:
            raise Odd("a line of its header is no field") from error
        if len(self.headers) > MAX_FIELDS:
            raise Odd(f"it has more than {MAX_FIELDS:,} fields")
        if self.count(b"from") != 1:
            raise Odd("it has not exactly one From")

    def count(self, name: bytes) -> int:
        """How many fields of that name there are."""
        return sum(field.lower() == name for field, _ in self.headers)

    def all(self, name: bytes) -> list[bytes]:
        """The fields of that name, topmost first."""
        return [value for field, value in self.headers if field.lower() == name]

    def body(self, canonicalization: bytes) -> bytes:
        """The body by the c= of a signature (RFC 6376 section 3.4), before the last step that dkimpy does."""
        return self._relaxed if _is_relaxed(canonicalization) else self._simple

    def length(self, canonicalization: bytes) -> int:
        """Octets of the whole body, as l= counts them."""
        body = self.body(canonicalization)
        return 0 if body == b"\r\n" and _is_relaxed(canonicalization) else len(body)

    @cached_property
    def _simple(self) -> bytes:
        """With CRLF as line end, and no empty line at the end."""
        return _without_empty_lines(_LINE_END.sub(b"\r\n", self._rest))

    @cached_property
    def _relaxed(self) -> bytes:
        # dkimpy looks for the blanks before each line end first, which takes for ever on a line of blanks alone.
        text = _BLANKS.sub(b" ", self._simple).replace(b" \r\n", b"\r\n")
        return _without_empty_lines(text)


def _is_relaxed(canonicalization: bytes) -> bool:
    return canonicalization.partition(b"/")[2].strip() == b"relaxed"


def _without_empty_lines(body: bytes) -> bytes:
    kept = body.rstrip(b"\r\n")
    end = body[len(kept) :]
    # A bare CR is no line end: what stands before the last one stays.
    stray = end if end.endswith(b"\r") else end[: end.rfind(b"\r\r") + 1]
    return kept + stray + b"\r\n"
