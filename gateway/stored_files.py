"""Attachments of a batch of mails go into the blob store, with one wait for the disk, before any row names them."""

from collections.abc import Sequence
from dataclasses import replace

import structlog

from desk import files
from desk.files import FilePolicy
from desk.tickets import File
from gateway.claimed import Claimed
from gateway.outage import one_line
from gateway.view import Incoming
from store.blobs import BlobStore

log = structlog.get_logger(__name__)


def store_early(
    pairs: Sequence[tuple[Claimed, Incoming]], blobs: BlobStore, policy: FilePolicy
) -> Sequence[tuple[Claimed, Incoming]]:
    """Keep the files of claimed mails while other processes are still at older ones.

    Where that fails the mails come back as they were, and `store_files`, called again when it is their turn, raises.
    """
    try:
        kept = store_files([incoming for _, incoming in pairs], blobs, policy)
    except Exception as error:
        log.info("files of mails could not be kept; they are tried once more", error=one_line(error))
        return pairs
    return [(mail, incoming) for (mail, _), incoming in zip(pairs, kept, strict=True)]


def store_files(batch: Sequence[Incoming], blobs: BlobStore, policy: FilePolicy) -> list[Incoming]:
    """The same mails with their files kept, or refused by policy; their bytes are let go. Twice does no more."""
    chosen = [files.sort_out(mail.message.attachments, policy) for mail in batch]
    digests = iter(blobs.put_many(file.data for kept, _ in chosen for file in kept))
    result = []
    for mail, (kept, refused) in zip(batch, chosen, strict=True):
        if not mail.message.attachments:
            result.append(mail)
            continue
        stored = tuple(
            File(
                name=file.name,
                original_name=file.original_name,
                declared_type=file.declared_type,
                type=file.type,
                size=file.size,
                digest=next(digests),
                inline=file.inline,
                content_id=file.content_id,
            )
            for file in kept
        )
        # The bytes are safe; the message goes on without them.
        message = replace(mail.message, attachments=())
        result.append(replace(mail, message=message, files=stored, refused_files=tuple(refused)))
    return result
