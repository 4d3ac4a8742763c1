"""`postdesk deliver`: one mail from standard input, with the exit codes that mail servers understand."""

import re
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import BinaryIO

import typer

from gateway.envelope import Envelope
from gateway.errors import BadAddress, Error, TooLarge, UnknownRecipient
from gateway.return_path import header_of, return_path
from gateway.spool import INLINE
from postdesk.wiring import House
from store.blobs import BlobStore, BlobWriter
from store.points import reached

EX_DATAERR = 65
EX_TEMPFAIL = 75
BLOCK = 64 * 1024
_MBOX_LINE = re.compile(rb">?From ([^ \r\n]*)[^\n]*\n")


def deliver_stdin(
    house: Callable[[], House],
    to: list[str] | None,
    sender: str | None,
    environment: Mapping[str, str],
    stream: BinaryIO,
) -> int:
    """Keep the mail; 0 when it is durable. Whatever goes wrong on our side is 75: the mail server tries again."""
    try:
        return _deliver(house(), to, sender, environment, stream)
    except Error as error:
        typer.echo(error.reply, err=True)
        return error.exit_code
    except typer.Exit:
        # Settings that cannot be used: the operator mends them, the mail waits in the server's queue.
        return EX_TEMPFAIL
    except Exception as error:
        typer.echo(f"The mail was not taken: {_named(error)}. It can be delivered again later.", err=True)
        return EX_TEMPFAIL


def _deliver(
    house: House, to: list[str] | None, sender: str | None, environment: Mapping[str, str], stream: BinaryIO
) -> int:
    named = to or _recipients(house, environment)
    for address in named:
        if "@" not in address:
            raise BadAddress
        if house.addresses.find(address) is None:
            raise UnknownRecipient
    head = stream.read(INLINE)
    if not _without_mbox_line(head).strip():
        typer.echo("There is no mail on standard input: nothing was kept.", err=True)
        return EX_DATAERR
    path = sender if sender is not None else environment.get("SENDER")
    path = (_sender_in(head) if path is None else path).strip("<>")
    if path.upper() == "MAILER-DAEMON":
        path = ""  # how Postfix and Sendmail tell a command that there is no sender
    raw = _read(head, stream, house.blobs, int(house.settings.mail.max_mb * 1024 * 1024))
    reached("pipe.read")
    spool = house.spool()
    try:
        mail_id = spool.accept(Envelope(path, tuple(named), "pipe"), raw)
    finally:
        spool.close()
    reached("pipe.kept")
    if sys.stdout.isatty():  # some mail servers take any output for a fault, and send it back
        typer.echo(f"Kept as {mail_id}.")
    return 0


def _named(error: Exception) -> str:
    """For the log of the mail server. Mail servers may show it to senders: so no path, but the file's own name."""
    file = getattr(error, "filename", None)
    return f"{type(error).__name__} ({Path(str(file)).name})" if file else type(error).__name__


def _recipients(house: House, environment: Mapping[str, str]) -> list[str]:
    """What the mail server says, as the sender wrote it and as aliases changed it: the one that is the desk's."""
    said = [environment[name] for name in ("ORIGINAL_RECIPIENT", "RECIPIENT") if environment.get(name)]
    return [address for address in said if house.addresses.find(address)][:1] or said[:1]


def _sender_in(head: bytes) -> str:
    """The sender when nobody says: from the line before the mail, from Return-Path, or else who wrote it.

    Never empty without cause: a mail without an envelope sender is taken for a report, which nobody answers.
    """
    if found := _MBOX_LINE.match(head):
        return found[1].decode("utf-8", "replace")
    if (path := return_path(head)) is not None:
        return path
    from gateway import parse  # only here: most mail servers say, and this command should start fast

    return parse.read(header_of(head) + b"\n").sender.key


def _read(head: bytes, stream: BinaryIO, blobs: BlobStore, limit: int) -> "bytes | BlobWriter":
    """All of a mail: in memory while it is small, in the blob store beyond that."""
    head = _without_mbox_line(head)
    if len(head) < INLINE and not (more := stream.read(1)):
        return head
    if len(head) < INLINE:
        head += more
    writer = blobs.writer()
    try:
        writer.write(head)
        while block := stream.read(BLOCK):
            writer.write(block)
            if writer.size > limit:
                raise TooLarge
    except BaseException:
        writer.abort()
        raise
    return writer


def _without_mbox_line(head: bytes) -> bytes:
    """procmail and others put a "From sender date" line first; it is not part of the mail."""
    found = _MBOX_LINE.match(head)
    return head[found.end() :] if found else head
