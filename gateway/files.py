"""The files of a mail, each with a name: parts that are no text, what a text or a winmail.dat has wrapped in it."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from desk import kinds
from gateway import filenames, transfer
from gateway.envelope import Attachment
from gateway.headers import Headers, clean
from gateway.mime import MAILS, Part, described, disposed
from gateway.params import clean_id
from gateway.unpack import tnef

_FILE_ID = re.compile(r"([\w-]{1,60}\.(?:png|jpe?g|gif|bmp|tiff?|webp|svg|emf|wmf))(?:@|\Z)", re.IGNORECASE)
_LOCATION = re.compile(r"(?:.*/)?([^/?#]{1,200}\.[A-Za-z0-9]{1,8})(?:[?#].*)?\Z", re.DOTALL)


@dataclass(slots=True)
class Files:
    """Collects what is a file while the parts are gone through; `attachments` then reads them."""

    defects: list[str]
    parts: list[tuple[Part, bool]] = field(default_factory=list)  # and whether they belong to the HTML
    packed: list[tuple[str, bytes]] = field(default_factory=list)  # files that stood in the text itself
    names: set[str] = field(default_factory=set)
    outlook: list[tnef.Contents] = field(default_factory=list)  # what a winmail.dat says, for a mail that has no text

    def attachments(self) -> Iterator[Attachment]:
        """All of them, in the order of the mail."""
        for number, (part, related) in enumerate(self.parts, 1):
            made = self._attachment(part, number, related)
            yield made
            if made.type == "application/ms-tnef" or made.name.lower() == "winmail.dat":
                yield from self._unpacked(made, number)
        for number, (written, data) in enumerate(self.packed, len(self.parts) + 1):
            yield self._bare_file(filenames.shown(written), data, number)

    def data(self, part: Part) -> bytes:
        """The decoded body of a part."""
        body = memoryview(part.raw)[part.body : part.end]
        text = part.type.maintype == "text"
        return transfer.decode(body, part.headers.token("content-transfer-encoding"), self.defects, text=text)

    def _attachment(self, part: Part, number: int, related: bool) -> Attachment:
        data = part.raw[part.start : part.end] if part.opaque else self.data(part)
        kind, written = disposed(part, self.defects)
        original = filenames.shown(written)
        content_id = clean_id(part.headers.raw("content-id"))
        declared = part.type.full
        found = kinds.sniff(data, declared)
        name = original or _made_up(part, data, content_id)
        return Attachment(
            name=filenames.unique(filenames.safe(name, found, number), self.names),
            original_name=original,
            declared_type=declared,
            type=found,
            data=data,
            inline=kind == "inline" or (related and bool(content_id) and kind != "attachment"),
            content_id=content_id,
        )

    def _unpacked(self, packed: Attachment, number: int) -> Iterator[Attachment]:
        contents = tnef.unpack(packed.data)
        if not contents.complete:
            self.defects.append("winmail.dat is damaged: unpacked as far as possible")
        self.outlook.append(contents)
        for file in contents.files:
            yield self._bare_file(file.name, file.data, number, file.content_id)

    def _bare_file(self, shown: str, data: bytes, number: int, content_id: str = "") -> Attachment:
        """A file that came without a part of its own."""
        found = kinds.sniff(data, "application/octet-stream")
        name = filenames.unique(filenames.safe(shown, found, number), self.names)
        return Attachment(name, shown, "application/octet-stream", found, data, bool(content_id), content_id)


def _made_up(part: Part, data: bytes, content_id: str) -> str:
    """A name for a file without one: what it is said to be, the subject of an attached mail, Outlook's Content-ID,
    or where a saved web page found it (RFC 2557)."""
    if part.type.maintype in ("message", "text"):
        name = described(part)
        if not name and part.type.full in MAILS:
            block = data[:65_536].replace(b"\r\n", b"\n").split(b"\n\n")[0]
            name = Headers(block, 998).text("subject")[:80] or "mail"
        if name:
            return re.sub(r"[/\\]", "_", name) + filenames.extension(part.type.full)
    if (named := _FILE_ID.match(content_id)) is not None:
        return named[1]
    location = _LOCATION.match(clean(part.headers.raw("content-location")[:2000]))
    return location[1] if location is not None else ""
