"""Handing letters over: what a relay is, what it answers, and the Maildir that stands in for one."""

import os
import re
import secrets
import socket
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from email.utils import parseaddr
from pathlib import Path
from typing import Protocol
from urllib.parse import quote

from gateway import addresses
from gateway.letter import Letter
from store.disk import sync_folder
from store.points import reached

_FROM = re.compile(rb"^From:((?:[^\r\n]|\r\n[ \t])*)", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Sent:
    """The other side took it over."""

    reply: str


@dataclass(frozen=True, slots=True)
class Deferred:
    """Not now; the same letter may be taken later."""

    reply: str
    of_relay: bool = field(default=False, compare=False)  # it speaks of the relay as a whole, not of this letter


@dataclass(frozen=True, slots=True)
class Refused:
    """Never; trying again will not help."""

    reply: str


@dataclass(frozen=True, slots=True)
class Uncertain:
    """The connection was lost between our last byte and the reply: it may have been taken over."""

    reply: str


@dataclass(frozen=True, slots=True)
class NotTried:
    """Nothing was said of it to the other side: the time for its batch was over, or the program ends."""

    reply: str = ""


Result = Sent | Deferred | Refused | Uncertain | NotTried


class Relay(Protocol):
    """Takes letters. One relay object serves one thread at a time."""

    def send(self, letters: Sequence[Letter]) -> Iterable[Result]:
        """Hand letters over, one result for each, in order, each as soon as it is known.

        Raises nothing that the mail side causes. Whoever calls takes all results: what is not tried is one, too.
        """

    def close(self) -> None:
        """Give the connection back; `send` opens a new one."""


def address_fault(letter: Letter) -> str:
    """Why the envelope of a letter cannot be sent; "" when it can.

    smtplib puts an address between < > as it is: `a@x> NOTIFY=` would add a parameter to the command.
    """
    for address in (letter.return_path, letter.recipient):
        if not addresses.one(address) or any(c in "<>" or c.isspace() or not c.isprintable() for c in address):
            return f"553 5.1.3 not an address that mail can be sent to: {address!r}"
    return ""


def sender_of(content: bytes) -> str:
    """The address in the From field of a letter of ours, in lower case; "" when there is none."""
    head = content[: content.find(b"\r\n\r\n") + 2]
    found = _FROM.search(head)
    return parseaddr(found[1].decode("utf-8", "replace"))[1].lower() if found else ""


def in_order(folder: Path) -> list[Path]:
    """The files that `MaildirRelay` wrote into a folder, oldest first; those of one tick of the clock by their ids."""

    def written(file: Path) -> tuple[int, int]:
        return file.stat().st_mtime_ns, int(file.name.partition(".")[0])

    return sorted(folder.iterdir(), key=written) if folder.is_dir() else []


class MaildirRelay:
    """A Maildir instead of a relay, so that nothing leaves the machine; any mail program can read it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._host = quote(socket.gethostname(), safe="")

    def send(self, letters: Sequence[Letter]) -> list[Result]:
        """Write letters durably: all files first, then one wait for the folder."""
        results: list[Result] = []
        try:
            for name in ("tmp", "new", "cur"):
                (self._folder / name).mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            reply = f"the folder {self._folder.name} cannot be used: {error.strerror}"
            return [Deferred(reply, of_relay=True)] * len(letters)
        for letter in letters:
            fault = address_fault(letter)
            results.append(Refused(fault) if fault else self._write(letter))
        try:
            sync_folder(self._folder / "new")
        except OSError as error:
            lost = Uncertain(f"written, perhaps not durably: {error.strerror}")
            return [lost if isinstance(result, Sent) else result for result in results]
        return results

    def close(self) -> None:
        """Nothing is kept open."""

    def _write(self, letter: Letter) -> Result:
        """tmp, fsync, then new, as maildir(5) has it."""
        name = f"{letter.outbox_id}.{secrets.token_hex(4)}.{self._host}"
        path = self._folder / "tmp" / name
        head = f"Return-Path: <{letter.return_path}>\r\nDelivered-To: {letter.recipient}\r\n".encode()
        try:
            with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
                file.write(head + letter.bytes)
                file.flush()
                os.fsync(file.fileno())
            reached("folder.written")
            path.rename(self._folder / "new" / name)
            reached("folder.renamed")
        except OSError as error:
            path.unlink(missing_ok=True)
            return Deferred(f"the letter could not be written: {error.strerror}")
        return Sent(f"kept as {name}")
