"""The moment a mail changes hands: given to the spool, and answered for only once it is durable."""

import asyncio
from collections.abc import Callable
from concurrent.futures import Future

import structlog

from gateway.data_reader import in_thread
from gateway.envelope import Envelope
from gateway.errors import Error
from store.blobs import BlobWriter

log = structlog.get_logger(__name__)

Submit = Callable[[Envelope, "bytes | BlobWriter"], "Future[int]"]


async def hand_over(submit: Submit, envelope: Envelope, data: bytes | BlobWriter) -> str:
    """Submit the mail and wait; the SMTP reply that tells what became of it."""
    try:
        future = submit(envelope, data)
    except Exception as error:
        return await _not_kept(error, data)
    try:
        # shield: a session that is broken off must not stop a store half way.
        number = await asyncio.shield(asyncio.wrap_future(future))
    except asyncio.CancelledError as error:
        if future.cancelled():
            return await _not_kept(error, data)
        future.add_done_callback(lambda done: _look_after(done, data))
        raise
    except Exception as error:
        return await _not_kept(error, data)
    return f"250 2.0.0 Kept as {number}"


async def _not_kept(error: BaseException, data: bytes | BlobWriter) -> str:
    log.error("a mail was not kept", exc_info=error)
    if not isinstance(data, bytes):
        await in_thread(data.abort)
    return error.reply if isinstance(error, Error) else Error.reply


def _look_after(done: "Future[int]", data: bytes | BlobWriter) -> None:
    """Nobody waits for this store any more: tell the log if it failed, and leave no half blob."""
    error = None if done.cancelled() else done.exception()
    if done.cancelled() or error is not None:
        log.error("a mail was not kept after its session had ended", exc_info=error)
        if not isinstance(data, bytes):
            data.abort()
