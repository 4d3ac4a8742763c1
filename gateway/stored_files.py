"""Attachments of a batch of mails go into the blob store, with one wait for the disk, before any row names them."""

from collections.abc import Sequence
from dataclasses import replace

from desk import files
from desk.files import FilePolicy
from desk.tickets import File
from gateway.view import Incoming
from store.blobs import BlobStore


def store_files(batch: Sequence[Incoming], blobs: BlobStore, policy: FilePolicy) -> list[Incoming]:
    """The same mails with their files kept, or refused by the policy; their bytes are let go."""
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
