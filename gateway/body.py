"""Which parts of a mail are its text and which are files; text is decoded, HTML sanitised."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from gateway import charset, filenames, html, kinds, transfer
from gateway.envelope import Attachment
from gateway.headers import Headers, clean_body
from gateway.mime import Limits, Part, described
from gateway.params import clean_id, disposition
from gateway.unpack import tnef, uuencode

_TEXT_TYPES = {"plain", "html", "enriched", "richtext", "markdown", "x-markdown", "x-amp-html", "watch-html"}
_META_CHARSET = re.compile(rb"""<meta[^>]{1,200}charset\s{0,5}=\s{0,5}["']?([\w-]{1,40})""", re.IGNORECASE)
_MARKUP = re.compile(r"<(/?)([A-Za-z][A-Za-z0-9-]{0,30})>|<<")
_FILE_ID = re.compile(r"([\w-]{1,60}\.(?:png|jpe?g|gif|bmp|tiff?|webp|svg|emf|wmf))(?:@|\Z)", re.IGNORECASE)


@dataclass(slots=True)
class Piece:
    """A stretch of a mail: its plain text, its HTML, or both when they say the same."""

    text: str | None = None
    html: str | None = None
    marked_up: bool = False  # text/enriched (RFC 1896) without its marks


@dataclass(slots=True)
class Content:
    """What a mail shows and carries."""

    text: str
    html: str
    attachments: tuple[Attachment, ...]


@dataclass(slots=True)
class Reader:
    """Goes through the parts of one mail."""

    limits: Limits
    defects: list[str]
    pieces: list[Piece] = field(default_factory=list)
    files: list[tuple[Part, bool]] = field(default_factory=list)  # and whether they belong to the HTML
    packed: list[tuple[str, bytes]] = field(default_factory=list)  # files that stood in the text itself
    names: set[str] = field(default_factory=set)
    _found_text: bool = False

    def read(self, root: Part) -> Content:
        """Text, HTML and files of the mail, in its order."""
        self.pieces = self._collect(root, related=False, top=True)
        if root.epilogue >= 0 and not self.files and not any(piece.text or piece.html for piece in self.pieces):
            self._show_epilogue(root)
        attachments = list(self._attachments())
        text, rich = self._shown()
        return Content(text, rich, tuple(attachments))

    def _show_epilogue(self, root: Part) -> None:
        """Nobody is meant to see it (RFC 2046 section 5.1.1), unless a wrong boundary put all of the mail there."""
        left = root.raw[root.epilogue : root.end][: 4 * self.limits.max_text]
        if left.strip():
            self.defects.append("all of the text stands behind the closing boundary: shown as it came")
            self.pieces = [Piece(text=clean_body(charset.decode(left)))]

    def data(self, part: Part) -> bytes:
        """The decoded body of a part."""
        body = memoryview(part.raw)[part.body : part.end]
        return transfer.decode(body, part.headers.raw("content-transfer-encoding"), self.defects)

    def _collect(self, part: Part, *, related: bool, top: bool = False) -> list[Piece]:
        if part.opaque:
            self.files.append((part, False))
            return []
        if part.type.maintype != "multipart":
            if self._is_text(part, top=top):
                return [self._piece(part)]
            self.files.append((part, related))
            return []
        if not part.children:  # no boundary was found: one consistent reading, all of it as text
            return [self._piece(part)]
        subtype = part.type.subtype
        if subtype == "alternative":
            return self._alternative(part, related)
        if subtype == "related":
            return self._related(part)
        if subtype == "encrypted":
            self.defects.append("encrypted: the content can only be read by its recipient")
        return [piece for child in part.children for piece in self._collect(child, related=related)]

    def _alternative(self, part: Part, related: bool) -> list[Piece]:
        """The same content several times: the plain text to read, the richest HTML to look at."""
        choices = [pieces for child in part.children if (pieces := self._collect(child, related=related))]
        written = [pieces for pieces in choices if any((piece.text or "").strip() for piece in pieces)]
        rich = next((pieces for pieces in reversed(choices) if any(piece.html for piece in pieces)), [])
        if not rich:  # several texts and no HTML: not what the standard means, so all of them count
            if any(child.type.full == "text/plain" for child in part.children) and len(written) > 1:
                written = [pieces for pieces in written if not any(piece.marked_up for piece in pieces)]
            return list({piece.text: piece for pieces in written for piece in pieces}.values())
        plain = written[0] if written else []
        if plain is rich:
            return rich
        text = "\n".join(piece.text for piece in plain if piece.text) if plain else None
        return [Piece(text, self._joined_html(rich))]

    def _related(self, part: Part) -> list[Piece]:
        """A root part and what it shows inside (RFC 2387)."""
        start = part.type.params.get("start", "").strip("<> ")
        root = part.children[0]
        for child in part.children:
            if start and clean_id(child.headers.raw("content-id")) == start:
                root = child
        pieces: list[Piece] = []
        for child in part.children:
            if child is root:
                pieces = self._collect(child, related=False) + pieces
            else:
                pieces += self._collect(child, related=True)
        return pieces

    def _is_text(self, part: Part, *, top: bool) -> bool:
        if part.type.maintype != "text":
            return False
        kind, parameters = disposition(part.headers.raw("content-disposition"), self.defects)
        if kind == "attachment" or parameters.get("filename"):
            return top and not parameters.get("filename") and part.type.subtype in ("plain", "html")
        if part.type.subtype not in _TEXT_TYPES:
            return top
        return not part.type.params.get("name") or (not kind and not self._found_text and not self.files)

    def _piece(self, part: Part) -> Piece:
        self._found_text = True
        data = self.data(part)
        declared = part.type.params.get("charset", "")
        is_html = part.type.full in ("text/html", "text/x-amp-html", "text/watch-html")
        if is_html and not declared and (meta := _META_CHARSET.search(data[:4096])) is not None:
            declared = meta[1].decode("ascii")
        if part.type.full == "text/plain":
            data, found = uuencode.taken_out(data)
            self.packed += found
        if len(data) > 4 * self.limits.max_text:
            data = data[: 4 * self.limits.max_text]
            self.defects.append("very long text cut")
        text = clean_body(charset.decode(data, declared))
        if is_html:
            return Piece(html=html.trim(text))
        if part.type.subtype in ("enriched", "richtext"):
            text = _MARKUP.sub(lambda match: "<" if match[0] == "<<" else "", text)
        if part.type.params.get("format", "").lower() == "flowed":
            text = unflowed(text, part.type.params.get("delsp", "").lower() == "yes")
        return Piece(text=text, marked_up=part.type.subtype in ("enriched", "richtext"))

    def _shown(self) -> tuple[str, str]:
        text = "\n".join(found for piece in self.pieces if (found := self._text(piece)))
        if len(text) > self.limits.max_text:
            text = text[: self.limits.max_text]
            self.defects.append("very long text cut")
        if not any(piece.html for piece in self.pieces):
            return text, ""
        rich = self._joined_html(self.pieces)
        if not html.bearable(rich, self.limits.max_html):
            self.defects.append("HTML too large or too deep to be shown: only its text is")
            return text, ""
        return text, html.sanitise(rich)

    def _text(self, piece: Piece) -> str:
        if piece.text is not None and (piece.text.strip() or not piece.html):
            return piece.text.strip("\n")
        return html.to_text(piece.html or "")

    def _joined_html(self, pieces: list[Piece]) -> str:
        return "\n".join(piece.html if piece.html is not None else html.from_text(piece.text or "") for piece in pieces)

    def _attachments(self) -> Iterator[Attachment]:
        for number, (part, related) in enumerate(self.files, 1):
            made = self._attachment(part, number, related)
            yield made
            if made.type == "application/ms-tnef" or made.name.lower() == "winmail.dat":
                yield from self._unpacked(made, number)
        for number, (written, data) in enumerate(self.packed, len(self.files) + 1):
            yield self._bare_file(filenames.shown(written), data, number)

    def _attachment(self, part: Part, number: int, related: bool) -> Attachment:
        data = part.raw[part.start : part.end] if part.opaque else self.data(part)
        kind, parameters = disposition(part.headers.raw("content-disposition"), self.defects)
        original = filenames.shown(parameters.get("filename") or part.type.params.get("name", ""))
        content_id = clean_id(part.headers.raw("content-id"))
        declared = part.type.full
        found = kinds.sniff(data, declared)
        name = original or _made_up(part, data, content_id)
        if declared in ("application/pkcs7-mime", "application/x-pkcs7-mime") or part.type.params.get("smime-type"):
            self.defects.append("signed or encrypted (S/MIME): kept as a file")
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
        if contents.text.strip() and not self.pieces:
            self.pieces.append(Piece(text=contents.text[: self.limits.max_text]))
        for file in contents.files:
            yield self._bare_file(file.name, file.data, number)

    def _bare_file(self, shown: str, data: bytes, number: int) -> Attachment:
        """A file that came without a part of its own."""
        found = kinds.sniff(data, "application/octet-stream")
        name = filenames.unique(filenames.safe(shown, found, number), self.names)
        return Attachment(name, shown, "application/octet-stream", found, data)


def _made_up(part: Part, data: bytes, content_id: str) -> str:
    """A name for a file without one: what it is said to be, the subject of an attached mail, Outlook's Content-ID."""
    name = ""
    if part.type.maintype in ("message", "text"):
        name = described(part)
        if not name and part.type.full in ("message/rfc822", "message/global"):
            block = data[:65_536].replace(b"\r\n", b"\n").split(b"\n\n")[0]
            name = Headers(block, 998).text("subject")[:80] or "mail"
        return re.sub(r"[/\\]", "_", name) + filenames.extension(part.type.full) if name else ""
    named = _FILE_ID.match(content_id)
    return named[1] if named else ""


def unflowed(text: str, delete_space: bool) -> str:
    """Lines of format=flowed joined again (RFC 3676 section 4.2), within one depth of quoting."""
    out: list[str] = []
    open_depth = -1
    for line in text.split("\n"):
        depth = len(line) - len(line.lstrip(">"))
        content = line[depth:]
        content = content[1:] if content.startswith(" ") else content
        flows = content.endswith(" ") and content != "-- "
        joined = content[:-1] if flows and delete_space else content
        if open_depth == depth and content != "-- ":
            out[-1] += joined
        else:
            out.append(">" * depth + (" " if depth else "") + joined)
        open_depth = depth if flows else -1
    return "\n".join(out)
