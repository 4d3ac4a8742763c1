"""What the screening rules see of a mail."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

from gateway.headers import Headers
from gateway.params import ContentType


@dataclass(frozen=True)
class View:
    """Header fields, the types of the parts, and the beginning of the text if a rule asks for it."""

    headers: Headers
    type: ContentType
    part_types: frozenset[str]
    subject: str
    sender: str  # address in From in lower case, or the name when there is no address
    reverse_path: str | None  # of the envelope; None when it is not known
    read_text: Callable[[], str]

    @cached_property
    def text(self) -> str:
        """The first 4,000 characters of the text."""
        return self.read_text()[:4000]

    @cached_property
    def null_sender(self) -> bool:
        """True for the null reverse path (RFC 5321 section 4.5.5), by envelope or by Return-Path."""
        if self.reverse_path is not None:
            return self.reverse_path.strip("<> ") == ""
        path = self.headers.raw("return-path").strip()
        # Some servers write their own address for it.
        return bool(path) and path.strip("<> \t").lower().partition("@")[0] in ("", "mailer-daemon")

    @cached_property
    def local_part(self) -> str:
        """The local part of the sender."""
        return re.split(r"[@\\]", self.sender, maxsplit=1)[0]
