"""`postdesk deliver`: one mail from standard input, with the exit codes that mail servers understand."""

from collections.abc import Callable, Mapping
from typing import BinaryIO

import typer

from gateway.envelope import Envelope
from gateway.errors import BadAddress, Error, TooLarge, UnknownRecipient
from gateway.spool import INLINE
from postdesk.wiring import House
from store.blobs import BlobStore, BlobWriter

EX_TEMPFAIL = 75
BLOCK = 64 * 1024


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
        typer.echo(f"The mail was not taken: {type(error).__name__}. It can be delivered again later.", err=True)
        return EX_TEMPFAIL


def _deliver(
    house: House, to: list[str] | None, sender: str | None, environment: Mapping[str, str], stream: BinaryIO
) -> int:
    named = to or [environment[name] for name in ("ORIGINAL_RECIPIENT", "RECIPIENT") if environment.get(name)][:1]
    for address in named:
        if "@" not in address:
            raise BadAddress
        if house.addresses.find(address) is None:
            raise UnknownRecipient
    path = sender if sender is not None else environment.get("SENDER", "")
    raw = _read(stream, house.blobs, int(house.settings.mail.max_mb * 1024 * 1024))
    spool = house.spool()
    try:
        mail_id = spool.accept(Envelope(path.strip("<>"), tuple(named), "pipe"), raw)
    finally:
        spool.close()
    typer.echo(f"Kept as {mail_id}.")
    return 0


def _read(stream: BinaryIO, blobs: BlobStore, limit: int) -> "bytes | BlobWriter":
    """All of a stream: in memory while it is small, in the blob store beyond that."""
    head = _without_mbox_line(stream.read(INLINE))
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
    return head.partition(b"\n")[2] if head.startswith((b"From ", b">From ")) else head
