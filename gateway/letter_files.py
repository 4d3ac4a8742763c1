"""Files that go along with a letter: which ones fit, and how they stand in the mail."""

import base64
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from email.message import EmailMessage
from urllib.parse import quote

from gateway.answers.answer import GeneratedFile
from gateway.header_policy import POLICY, clean_header
from gateway.letter_data import LetterData, entries
from gateway.letter_words import is_internal
from store.blobs import BlobStore
from store.tables import Attachment, Event, Outbox

SPOKEN = frozenset({"update", "new_ticket", "customer_wrote", "copy"})  # letters that carry a person's note
_CARRIES = SPOKEN | {"assigned", "approval"}  # … and those that show such notes to somebody who decides or takes over
_BESIDE = 96 * 1024  # octets of a letter that are none of its files: header, text, HTML, the heads of 20 files
_LINE, _LINE_WIRE = 57, 78  # bytes of a line of base64, and its octets in the letter
BATCH_BYTES = 32_000_000  # the files of letters that are in memory at once
_LATEST = 3  # entries that somebody is shown who takes a ticket over
_TYPE = re.compile(r"(?!message/|multipart/)[a-z0-9.+-]{1,60}/[a-z0-9.+-]{1,80}", re.ASCII)
_LONGEST_NAME = 255  # characters; file systems take no more
_ENCODED_NAME = 600  # a field is one line, and a line has 998 characters (RFC 5322 section 2.1.1)


class FileLost(Exception):
    """The store works and does not give the bytes of a file, or not the right ones: waiting would not bring them."""


@dataclass(frozen=True, slots=True)
class Along:
    """The files that go along with a letter, and the way to the others."""

    files: tuple[Attachment, ...] = ()
    urls: Mapping[int, str] | None = None  # by file, of those that are too large
    until: datetime | None = None  # when these run out


def room(letter_bytes: int) -> int:
    """Bytes of files that fit into a letter of that size."""
    return max(0, letter_bytes - _BESIDE) * _LINE // _LINE_WIRE


def told(row: Outbox, data: LetterData) -> list[Event]:
    """The entries that the reader may see, oldest first: customers get what is public, whatever a row names."""
    found = entries(row, data)
    if row.contact_id is not None or row.kind == "update":
        found = [event for event in found if event.visibility == "public"]
    if row.kind == "approval":
        first = data.first.get(row.ticket_id or 0)
        found = [event for event in found if event.text and (first is None or event.id != first.id)]
        return [first, *found] if first else found
    if row.kind == "assigned":
        inside = is_internal(row, data)
        history = [event for event in data.history[row.ticket_id or 0] if inside or event.visibility == "public"]
        return history[:_LATEST][::-1]
    return found


def enclosed(row: Outbox, events: Sequence[Event], data: LetterData) -> Along:
    """The files that go along, first come first served; the others are too large for the letter, and get links."""
    found, urls, left = [], {}, data.room
    for event in events:
        for file in data.files.get(event.id, ()):
            if file.size <= left:
                found.append(file)
                left -= file.size
            elif data.linking is not None and (url := data.linking.url(row, file.id)):
                urls[file.id] = url
    return Along(tuple(found), urls, data.linking.until(row) if data.linking is not None and urls else None)


def enclosed_in(row: Outbox, data: LetterData) -> list[Attachment]:
    """The files of a letter that carries somebody's note; none for letters of other kinds."""
    return list(enclosed(row, told(row, data), data).files) if row.kind in _CARRIES else []


def generated_in(row: Outbox, data: LetterData) -> tuple[list[GeneratedFile], list[GeneratedFile]]:
    """The files that were made for an answer: those that go along, and those that are too large."""
    answer = data.answers.get(row.id)
    along: list[GeneratedFile] = []
    too_large: list[GeneratedFile] = []
    left = data.room
    for file in answer.files if answer else ():
        fits = len(file.data) <= left
        (along if fits else too_large).append(file)
        left -= len(file.data) if fits else 0
    return along, too_large


def part(file: Attachment | GeneratedFile, blobs: BlobStore) -> str:
    """One file as a part of a mail. FileLost when its bytes are gone for good, OSError when the disk is away."""
    head = EmailMessage(policy=POLICY)
    # A mail inside of a mail must not be base64 (RFC 2046 section 5.2.1), so it travels as bytes with a name.
    head["Content-Type"] = file.type if _TYPE.fullmatch(file.type) else "application/octet-stream"
    head["Content-Transfer-Encoding"] = "base64"
    head.add_header("Content-Disposition", "attachment", filename=_name(file.name))
    fields = head.as_string().replace("\r\n", "\n").rstrip("\n")
    data = file.data if isinstance(file, GeneratedFile) else _bytes(file, blobs)
    return f"{fields}\n\n{base64.encodebytes(data).decode('ascii')}"


def _bytes(file: Attachment, blobs: BlobStore) -> bytes:
    try:
        return blobs.read(file.digest)
    except FileNotFoundError as error:
        blobs.check()  # raises when it is the disk that is away
        raise FileLost(f"the file {file.digest} is not there") from error
    except OSError as error:  # damaged, a bad sector, no right to read it: one file's fault, if the store works
        blobs.check()
        raise FileLost(f"the file {file.digest} cannot be read: {error.strerror or error}") from error


def _name(name: str) -> str:
    """Short enough for its line once it is encoded (RFC 2231); the ending, which says what it is, stays."""
    name = clean_header(name, 4 * _LONGEST_NAME) or "file"
    stem, dot, ending = name.rpartition(".")
    if not stem or len(quote(ending)) > _ENCODED_NAME // 4:
        stem, dot, ending = name, "", ""
    while len(f"{stem}{dot}{ending}") > _LONGEST_NAME or len(quote(f"{stem}{dot}{ending}")) > _ENCODED_NAME:
        stem = stem[:-1]
    return f"{stem}{dot}{ending}"
