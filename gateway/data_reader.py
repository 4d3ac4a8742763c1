"""The content of one mail off the wire: found by its end mark, unstuffed, checked, and bounded in memory."""

import asyncio
import errno
import re
from collections.abc import Awaitable, Callable
from typing import TypeVar

import structlog

from gateway.errors import BadContent, Error, StorageFailed, StorageFull, TooLarge
from gateway.listener_config import ListenerConfig
from gateway.wire import Flood, Wire
from store.blobs import BlobStore, BlobWriter

log = structlog.get_logger(__name__)

_END = b"\r\n.\r\n"  # and nothing else: every look-alike is a way to smuggle a second mail in
_DOT_LINE = re.compile(rb"\r\n\.")  # a search by re is twice as fast as bytes.find for so short a word
_LONE_CR = re.compile(rb"\r(?!\n)")
_LINE_END = re.compile(rb"\r\n|\r|\n")
_T = TypeVar("_T")


class Unstuffer:
    """Turns blocks of DATA (RFC 5321 section 4.5.2) into content, however the blocks are cut."""

    def __init__(self, normalise: bool) -> None:
        self.size = 0  # of the content so far
        self.bare = False  # a CR or LF stood alone
        self._normalise = normalise
        self._carry = b"\r\n"  # a dot in the very first line is at a line start too
        self._skip = 2  # that CRLF is not part of the content

    def feed(self, block: bytes | bytearray) -> tuple[bytes, bytes | None]:
        """Content of this block, and what follows the end mark; None while it has not come."""
        data = self._carry + block
        dot = _DOT_LINE.search(data)
        end = data.find(_END, dot.start()) if dot else -1
        rest: bytes | None = None
        if end >= 0:
            cut, rest = end + 2, data[end + 5 :]
        else:
            cut = len(data) - _held_back(data)
            self._carry = data[cut:]
        if not cut:
            return b"", rest
        stuffed = dot is not None and dot.start() != end
        start = self._skip + (stuffed and data[: self._skip + 1] == b"\r\n.")
        self._skip = 0
        return self._content(data[start:cut], stuffed), rest

    def _content(self, raw: bytes, stuffed: bool) -> bytes:
        # Few mails have a stuffed dot, and to look for one again is a third of all the work on a large mail.
        content = raw.replace(b"\r\n.", b"\r\n") if stuffed else raw
        if raw.count(b"\n") != raw.count(b"\r") or _LONE_CR.search(raw):  # to count the pairs would take longer
            self.bare = True
            if self._normalise:
                content = _LINE_END.sub(b"\r\n", content)
        self.size += len(content)
        return content


def _held_back(data: bytes) -> int:
    """Length of the tail that may be the start of an end mark or of a stuffed dot."""
    return next((n for n in (4, 3, 2, 1) if data.endswith(_END[:n])), 0)


class _Body:
    """What has been taken over so far: in memory while it is small, in the blob store above that."""

    def __init__(self, head: bytes, blobs: BlobStore, in_memory: int) -> None:
        self._pieces = [head]
        self._size = 0  # of the pieces
        self._blobs = blobs
        self._in_memory = in_memory
        self._writer: BlobWriter | None = None

    async def add(self, piece: bytes) -> None:
        self._pieces.append(piece)
        self._size += len(piece)
        if self._size > self._in_memory:
            await self._write()

    async def flush(self) -> None:
        if self._writer is not None and self._pieces:
            await self._write()

    def whole(self) -> bytes | BlobWriter:
        return b"".join(self._pieces) if self._writer is None else self._writer

    async def discard(self) -> None:
        self._pieces.clear()
        writer, self._writer = self._writer, None
        if writer is not None:
            await in_thread(writer.abort)

    async def _write(self) -> None:
        data = b"".join(self._pieces)
        self._pieces.clear()
        self._size = 0
        await in_thread(lambda: self._append(data))

    def _append(self, data: bytes) -> None:
        if self._writer is None:
            self._writer = self._blobs.writer()  # set here, so that discard() finds it whatever happens next
        self._writer.write(data)


async def in_thread(work: Callable[[], _T]) -> _T:
    """Run blocking work off the event loop. When cancelled, wait for it all the same.

    A thread cannot be called back, and cleaning up beside it would close a file it is writing to.
    """
    running = asyncio.get_running_loop().run_in_executor(None, work)
    try:
        return await asyncio.shield(running)
    except asyncio.CancelledError:
        await asyncio.wait([running])
        raise


async def read_data(wire: Wire, head: bytes, blobs: BlobStore, config: ListenerConfig) -> bytes | BlobWriter:
    """Read up to the end mark; return head and content as bytes, or as an unsealed blob when it is large.

    Raises TooLarge, BadContent, StorageFull or StorageFailed once the end mark has been read, so that the
    session can answer and go on; ConnectionGone or Flood when it never came.
    """
    unstuffer = Unstuffer(config.normalise_line_ends)
    body = _Body(head, blobs, config.limits.in_memory)
    fault: Error | None = None
    start = wire.received
    try:
        rest: bytes | None = None
        while rest is None:
            content, rest = unstuffer.feed(await wire.block())
            if fault is None:
                fault = _refusal(unstuffer, config) or await _taken(body.add(content))
                if fault is not None:
                    await body.discard()
            if rest is None and wire.received - start > config.limits.flood * config.max_size:
                raise Flood
        wire.unread(rest)
        fault = fault or await _taken(body.flush())
        if fault is not None:
            raise fault
        return body.whole()
    except BaseException:
        await body.discard()
        raise


def _refusal(unstuffer: Unstuffer, config: ListenerConfig) -> Error | None:
    if unstuffer.size > config.max_size:
        return TooLarge()
    if unstuffer.bare and not config.normalise_line_ends:
        return BadContent()
    return None


async def _taken(step: Awaitable[None]) -> Error | None:
    """None, or the fault that stands for whatever the storage raised; the rest of the mail is then read away."""
    try:
        await step
    except Exception as error:
        log.exception("a mail could not be written while it came in")
        full = isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT)
        return StorageFull() if full else StorageFailed()
    return None
