"""Which parts of a mail are its text and which are files; text is decoded, HTML sanitised."""

import re
from dataclasses import dataclass, field

from gateway import charset, html, plain_text
from gateway.envelope import Attachment
from gateway.files import Files
from gateway.headers import clean_body
from gateway.mime import MAILS, Limits, Part, Splitter, disposed
from gateway.params import clean_id, disposition
from gateway.unpack import calendar, smime

_TEXT_TYPES = {"plain", "html", "enriched", "richtext", "markdown", "x-markdown", "x-amp-html", "watch-html"}
_PKCS7 = ("application/pkcs7-mime", "application/x-pkcs7-mime")
_CALENDARS = ("text/calendar", "application/ics")
_MAX_CALENDARS = 5
_SEE_HTML = re.compile(r"\bhtml\b|\bbrowser\b|ブラウザ|浏览器", re.IGNORECASE)
_WORD = re.compile(r"\w+")
_SHORT = 400  # characters: a longer plain text says more than that there is an HTML one
_NOTICE = re.compile(rb"mime|multi-?part|boundary", re.IGNORECASE)
_WORDS = re.compile(rb"[\w\x80-\xff]")
_LONG_NOTICE = 400  # bytes
_MAX_LEFT = 64 * 1024  # bytes in which words are looked for


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
    foreign: bool = False  # the text is that of an attached mail: the sender wrote none
    invitation: str = ""  # when, where and who of a calendar part, in words
    remark: str = ""  # a sentence for people where there is no text to show


@dataclass(slots=True)
class Reader:
    """Goes through the parts of one mail."""

    limits: Limits
    defects: list[str]
    hint: str = ""  # a charset that the mail's header is written in, for text that declares none
    pieces: list[Piece] = field(default_factory=list)
    remark: str = ""
    files: Files = field(init=False)
    _found_text: bool = False
    _unwrapped: int = 0

    def __post_init__(self) -> None:
        self.files = Files(self.defects)

    def read(self, root: Part) -> Content:
        """Text, HTML and files of the mail, in its order."""
        self.pieces = self._collect(root, related=False, top=True)
        if root.children:
            self._keep_around(root)
        attachments = list(self.files.attachments())
        self._show_outlook()
        if inner := self._only_a_mail():
            opened = Reader(self.limits, self.defects)
            opened.files.names, opened._unwrapped = self.files.names, self._unwrapped
            shown = opened.read(inner)
            files = (*attachments, *shown.attachments)
            return Content(shown.text, shown.html, files, True, shown.invitation, shown.remark)
        text, rich = self._shown()
        said = self._invitations(attachments)
        return Content(text, rich, tuple(attachments), invitation=said, remark=self.remark)

    def _has_words(self) -> bool:
        return any((piece.text or piece.html or "").strip() for piece in self.pieces)

    def _show_outlook(self) -> None:
        """The text of a winmail.dat, for a mail that has none of its own."""
        for contents in self.files.outlook if not self._has_words() else ():
            text = contents.text[: self.limits.max_text]
            self.pieces.append(Piece(text or None, html.trim(contents.html) or None))

    def _invitations(self, files: list[Attachment]) -> str:
        """What there is to meet, in words. The same invitation often comes twice, and its words stand in the text."""
        found = [contents.meeting for contents in self.files.outlook]
        calendars = [file.data for file in files if file.type in _CALENDARS][:_MAX_CALENDARS]
        found += [calendar.invitation(data, description=not self._has_words()) for data in calendars]
        return "\n\n".join(dict.fromkeys(said for said in found if said))[: self.limits.max_text]

    def _only_a_mail(self) -> Part | None:
        """The attached mail where that is all there is: it was passed on without a word, to be read."""
        if len(self.files.parts) != 1 or self.files.packed or self._has_words():
            return None
        part, _ = self.files.parts[0]
        if part.opaque or part.type.full not in MAILS:
            return None
        return self._inside(self.files.data(part))

    def _inside(self, data: bytes) -> Part | None:
        """The parts of a mail that stood in another one or in a wrapping; None when they nest without end."""
        self._unwrapped += 1
        if self._unwrapped > 3:
            return None
        splitter = Splitter(data, self.limits, self.defects)
        root = splitter.split()
        return None if splitter.over_limit else root

    def _keep_around(self, root: Part) -> None:
        """Words before the first part and behind the last one, which nobody is meant to see (RFC 2046 section 5.1.1).

        A lost boundary puts words of the sender there, and so do lists and scanners that know no parts.
        """
        raw, first = root.raw, root.children[0].start
        above = raw[root.body : max(root.body, raw.rfind(b"\n--", root.body, max(root.body, first - 1)))]
        below = raw[root.epilogue : root.end] if root.epilogue >= 0 else b""
        if _says_something(above):
            self.files.packed.append(("text before the parts.txt", above))
        if not _says_something(below):
            return
        if self._has_words() or self.files.parts:
            self.files.packed.append(("text behind the parts.txt", below))
        else:
            self.defects.append("all of the text stands behind the closing boundary: shown as it came")
            self.pieces = [Piece(text=clean_body(charset.decode(below[: 4 * self.limits.max_text])))]

    def _collect(self, part: Part, *, related: bool, top: bool = False) -> list[Piece]:
        if part.opaque:
            self.files.parts.append((part, False))
            return []
        if part.type.maintype != "multipart":
            if self._is_text(part, top=top):
                return self._piece(part)
            self.files.parts.append((part, related))
            return self._opened(part)
        if not part.children:  # no boundary was found: one consistent reading, all of it as text
            return self._piece(part)
        subtype = part.type.subtype
        if subtype == "alternative":
            return self._alternative(part, related)
        if subtype == "related":
            return self._related(part)
        if subtype == "encrypted":
            self._encrypted("PGP", "a file")
        if subtype == "signed":
            by = "PGP" if "pgp" in part.type.params.get("protocol", "").lower() else "S/MIME"
            self.defects.append(f"signed ({by}), not checked")
        return [piece for child in part.children for piece in self._collect(child, related=related)]

    def _opened(self, part: Part) -> list[Piece]:
        """What can be read of a file that wraps a mail; the file stays a file."""
        if part.type.full in _PKCS7 or disposed(part, [])[1].lower().endswith(".p7m"):
            return self._unsealed(self.files.data(part))
        return []

    def _unsealed(self, data: bytes) -> list[Piece]:
        """S/MIME: signed content is read, though not checked; encrypted content is kept and said to be so."""
        content = smime.signed_content(data)
        root = self._inside(content) if content is not None else None
        if root is not None:
            self.defects.append("signed (S/MIME), not checked")
            return self._collect(root, related=False)
        kind = smime.kind(data)
        if kind == "enveloped":
            self._encrypted("S/MIME", "a file")
        elif kind != "certificates":
            self.remark = "The mail is signed (S/MIME) and damaged: its content cannot be read. It is kept as a file."
            self.defects.append("damaged S/MIME")
        return []

    def _encrypted(self, by: str, kept_as: str) -> None:
        said = f"encrypted ({by}): only its recipient can read it"
        self.remark = f"The mail is {said}. It is kept as {kept_as}."
        self.defects.append(said)

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
        if part.type.full == "application/xhtml+xml":
            kind, name = disposed(part, [])
            return not name and kind != "attachment"
        if part.type.maintype != "text":
            return False
        kind, parameters = disposition(part.headers.raw("content-disposition"), self.defects)
        if kind == "attachment" or parameters.get("filename"):
            return top and not parameters.get("filename") and part.type.subtype in ("plain", "html")
        if part.type.subtype not in _TEXT_TYPES:
            return top and part.type.full not in _CALENDARS
        return not part.type.params.get("name") or (not kind and not self._found_text and not self.files.parts)

    def _piece(self, part: Part) -> list[Piece]:
        data = self.files.data(part)
        if plain_text.is_binary(data, part.type):
            self.defects.append("a part that says it is text is none: kept as a file")
            self.files.parts.append((part, False))
            return []
        self._found_text = True
        found = plain_text.read(data, part.type, self.limits, self.defects, self.hint)
        self.files.packed += found.files
        if found.encrypted:
            self._encrypted("PGP", "it came")
        if part.type.full in plain_text.HTML_TYPES:
            return [Piece(html=html.trim(found.text))]
        return [Piece(text=found.text, marked_up=part.type.subtype in ("enriched", "richtext"))]

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
        plain = (piece.text or "").strip("\n")
        if not piece.html or len(plain) > _SHORT:
            return plain
        rich = html.to_text(piece.html)
        said, meant = set(_WORD.findall(plain)), set(_WORD.findall(rich))
        if said <= meant:  # the first words of the mail, or all of them
            return rich if len(meant) > 2 * len(said) else plain
        # "This mail needs a program that can show HTML" is no text of the mail.
        return rich if meant and _SEE_HTML.search(plain) else plain

    def _joined_html(self, pieces: list[Piece]) -> str:
        return "\n".join(piece.html if piece.html is not None else html.from_text(piece.text or "") for piece in pieces)


def _says_something(left: bytes) -> bool:
    """True for words that are not the usual notice on mail in several parts."""
    if _WORDS.search(left, 0, _MAX_LEFT) is None:
        return False
    return len(left.strip()) > _LONG_NOTICE or _NOTICE.search(left) is None
