"""Letters: outbox rows and templates become mails, ready for the relay."""

import binascii
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from email.message import EmailMessage
from hashlib import blake2b
from pathlib import Path

import structlog
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from desk.keys import Keys
from desk.language import Language
from gateway import canary, dkim_sign, letter_data, letter_files, letter_headers, letter_text, letter_unsubscribe
from gateway.answers import Answer, GeneratedFile, answer_all
from gateway.answers.files import format_of
from gateway.desk_addresses import Addresses
from gateway.dkim_sign import Signers
from gateway.header_policy import POLICY, clean_header, mailbox, wire
from gateway.letter import SENSITIVE, TALK, DeskFacts, Letter, Unsent
from gateway.letter_context import Context, ContextMaker
from gateway.letter_data import Earlier, LetterData
from gateway.letter_links import Linking
from gateway.letter_templates import LetterTemplates
from gateway.letter_words import is_internal, language_of
from gateway.relay import sender_of
from gateway.sender.domains import domain_of
from store.blobs import BlobStore
from store.tables import Attachment, Outbox

log = structlog.get_logger(__name__)

_MAX_PLAIN_LINE = 990  # RFC 5322 section 2.1.1: 998
_MAX_QP_LINE = 76  # RFC 2045 section 6.7
_ANSWERS = 16  # answers made in one round: their files are in memory together
Answers = Callable[[Session, Sequence[Outbox], DeskFacts], dict[int, Answer]]
Files = Sequence[Attachment | GeneratedFile]


class Composer:
    """Renders outbox rows. What it makes of a row is the same each time, as long as the row's facts are."""

    def __init__(
        self,
        addresses: Addresses,
        desk: DeskFacts,
        templates: Path,
        overrides: Path | None = None,
        *,
        keys: Keys,
        blobs: BlobStore,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        answers: Answers = answer_all,
        signers: Signers = dkim_sign.nobody,
    ) -> None:
        self._addresses, self._desk, self._blobs, self._clock = addresses, desk, blobs, clock
        self._answers, self._signers = answers, signers
        self._contexts = ContextMaker(addresses.main.address, keys)
        self._desks: dict[str, DeskFacts] = {}  # by the language of their readers
        self._senders: dict[str, str] = {}  # desk addresses, and how they stand in From
        self._templates = LetterTemplates(templates, overrides)

    def render_many(self, session: Session, rows: Sequence[Outbox]) -> dict[int, Letter | Unsent]:
        """Letters by outbox id, with a handful of queries for all. One row's fault does not stop the others.

        Rows whose files would be too much for the memory at once are left out, and are for another time.
        """
        rows = sorted(rows, key=lambda row: (row.created_at, row.id))
        asked = [row for row in rows if row.kind == "answer"]
        answered = self._in_this_round(asked)
        left = {row.id for row in asked} - {row.id for row in answered}
        rows = [row for row in rows if row.id not in left]
        data = letter_data.load(session, rows, self._desk.levels)
        data.room = letter_files.room(self._desk.letter_bytes)
        data.linking = Linking(self._desk.base_url, self._addresses.keys, self._desk.link_days)
        data.answers = self._answer(session, answered)
        now = self._clock()
        found: dict[int, Letter | Unsent] = {}
        room = letter_files.BATCH_BYTES
        for row in rows:
            files = letter_files.enclosed_in(row, data)
            made, _ = letter_files.generated_in(row, data)
            room -= sum(file.size for file in files) + sum(len(file.data) for file in made)
            if found and room < 0:
                break
            found[row.id] = self._render(row, data, [*files, *made], now)
        return found

    def _in_this_round(self, asked: Sequence[Outbox]) -> list[Outbox]:
        """The answers to make now. A PDF takes seconds, so it counts for more than half of them: one in a round."""
        found, room, facts = [], _ANSWERS, self._desk.answers
        for row in asked:
            is_pdf = facts and format_of(str(row.context.get("argument", "")), facts.words)[1] == "pdf"
            cost = _ANSWERS // 2 + 1 if is_pdf else 1
            if cost <= room:
                found.append(row)
                room -= cost
        return found

    def _answer(self, session: Session, rows: Sequence[Outbox]) -> dict[int, Answer]:
        """All together; where that fails, one by one, so that one that cannot be answered keeps no other back."""
        if not rows:
            return {}
        try:
            return self._answers(session, rows, self._desk)
        except (SQLAlchemyError, OSError):  # the database or the disk is away: that is no fault of a letter
            raise
        except Exception:
            log.exception("an answer could not be made", letters=[row.id for row in rows])
            return {i: one for row in rows for i, one in self._answer(session, [row]).items()} if len(rows) > 1 else {}

    def stored(self, row: Outbox) -> Letter | None:
        """The letter as it was rendered before, so that a second try is the same mail; None when it was not."""
        if row.rendered is None:
            return None
        return self._letter(row, row.message_id, row.rendered, sender_of(row.rendered))

    def _render(self, row: Outbox, data: LetterData, files: Files, now: datetime) -> Letter | Unsent:
        try:
            if row.kind == canary.RULE:
                message_id, content = canary.letter(row, self._addresses, self._desk)
                sender = sender_of(content)
                signed = dkim_sign.sign(content, self._signers(domain_of(sender)), now)
                return self._letter(row, message_id, signed, sender)
            desk = self._desk_to(row, data)
            context = self._contexts.make(row, data, now, desk)
            if isinstance(context, Unsent):
                return context
            message = self._message(row, context, data, files, desk)
        except OSError:  # the disk is away: that is no fault of the letter
            raise
        except Exception as error:  # whatever it is, an operator's template included: the row waits, the others go
            log.exception("a letter could not be written", letter=row.id, mail=row.received_id, kind=row.kind)
            return Unsent(f"the letter could not be written: {type(error).__name__}: {error}"[:500], final=False)
        message_id = str(message["Message-ID"])
        if row.ticket_id is not None:  # the next letter of this batch answers this one
            reference = str(row.context.get("reference") or "")
            chain = data.letters[row.ticket_id, row.recipient]
            if all(letter.outbox_id != row.id for letter in chain):
                chain.append(Earlier(row.id, message_id, reference, row.created_at))
        # Last of all: the bytes that are signed are those that go out, also at a second try.
        address = str(context["desk"]["address"])
        signed = dkim_sign.sign(wire(message), self._signers(domain_of(address)), now)
        return self._letter(row, message_id, signed, self._sender(address))

    def _sender(self, address: str) -> str:
        """A desk address as it stands in From; read from there, it takes as long as a part of the letter."""
        found = self._senders.get(address)
        if found is None:
            found = self._senders[address] = sender_of(f"From: {mailbox('', address)}\r\n\r\n".encode())
        return found

    def _letter(self, row: Outbox, message_id: str, content: bytes, sender: str) -> Letter:
        return Letter(
            outbox_id=row.id,
            message_id=message_id,
            return_path=self._addresses.return_path(row.id, sender),
            recipient=row.recipient,
            bytes=content,
            sensitive=row.kind in SENSITIVE,
            sender=sender,
        )

    def _desk_to(self, row: Outbox, data: LetterData) -> DeskFacts:
        """The desk as it writes to the reader of a letter."""
        language = language_of(row, data, self._desk.languages)
        found = self._desks.get(language.code)
        if found is None:
            found = self._desks[language.code] = self._desk.to(language)
        return found

    def _message(self, row: Outbox, context: Context, data: LetterData, files: Files, desk: DeskFacts) -> EmailMessage:
        language = desk.language
        context["why"] = self._piece("_base/why.txt", context, language)
        context["commands"] = self._piece("_base/commands.txt", context, language) if row.kind in TALK else ""
        context["subject"] = self._piece(f"{row.kind}/subject.txt", context, language)
        context["preheader"] = self._piece(f"{row.kind}/preheader.txt", context, language)
        text = letter_text.tidy(self._templates.render(f"{row.kind}/body.txt", context, language))
        html = self._templates.render(f"{row.kind}/body.html", context, language)
        message = self._headers(row, context, data, desk)
        mark = blake2b(str(message["Message-ID"]).encode(), digest_size=15).hexdigest()
        text = _part("text/plain; charset=utf-8; format=flowed", letter_text.flowed(text))
        html = _part("text/html; charset=utf-8", _ascii_html(html))
        # A generator writes a ready body at once; for parts of its own it looks at each line again, and again.
        kind, body = _multipart("alternative", f"=_{mark}", [text, html])
        if files:
            along = [letter_files.part(file, self._blobs) for file in files]
            kind, body = _multipart("mixed", f"=+{mark}", [f"Content-Type: {kind}\n\n{body}", *along])
        message["MIME-Version"] = "1.0"
        message["Content-Type"] = kind
        message.set_payload(body.replace("\n", "\r\n"))
        return message

    def _piece(self, name: str, context: Context, language: Language) -> str:
        return clean_header(self._templates.render(name, context, language))

    def _headers(self, row: Outbox, context: Context, data: LetterData, desk: DeskFacts) -> EmailMessage:
        token = letter_headers.token_of(row, is_internal(row, data))
        author = str(context["entries"][-1]["who"]) if row.kind in letter_files.SPOKEN and context["entries"] else ""
        message = EmailMessage(policy=POLICY)
        found = letter_headers.fields(row, context, context["subject"], author, token, self._addresses, desk)
        if row.ticket_id is not None:
            ticket = data.tickets[row.ticket_id]
            earlier = data.letters.get((row.ticket_id, row.recipient), [])
            thread = letter_headers.threading(row, ticket, earlier, self._addresses, desk)
            found |= letter_headers.ticket_fields(context, thread, desk)
        elif reference := letter_headers.fit_message_id(row.context.get("reference")):
            found |= {"In-Reply-To": reference, "References": reference}
        address = str(context["desk"]["address"])
        found |= letter_unsubscribe.fields(row, str(context["reason"]), address, self._addresses, desk)
        for name, value in found.items():
            message[name] = value
        return message


def _ascii_html(html: str) -> str:
    """HTML with character references where they are few: shorter than quoted-printable, which encodes each "="."""
    references = html.encode("ascii", "xmlcharrefreplace").decode("ascii")
    return references if len(references) < len(html) + 500 else html


def _multipart(kind: str, boundary: str, parts: Sequence[str]) -> tuple[str, str]:
    """The content type and the body of some parts (RFC 2046 section 5.1)."""
    body = "".join(f"--{boundary}\n{part}\n" for part in parts)
    return f'multipart/{kind}; boundary="{boundary}"', f"{body}--{boundary}--\n"


def _part(content_type: str, text: str) -> str:
    """One alternative with its header; 7bit where the text allows it, else quoted-printable."""
    if "\r" in text:  # of an operator's template: no line ends with it alone on its way (RFC 5322 section 2.3)
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    plain = text.isascii() and "\0" not in text and max(map(len, text.split("\n"))) <= _MAX_PLAIN_LINE
    encoding = "7bit" if plain else "quoted-printable"
    if not plain:
        text = "\n".join([_quoted(line) for line in text.split("\n")])
    return f"Content-Type: {content_type}\nContent-Transfer-Encoding: {encoding}\n\n{text}"


def _quoted(line: str) -> str:
    """A line as quoted-printable, where it may become several. Most have a blank at their end at most.

    Each line by itself: before a line feed b2a_qp makes a blank at the end of a full line too long for it.
    """
    if len(line) <= _MAX_QP_LINE - 2 and line.isascii() and line.isprintable() and "=" not in line and line != ".":
        return f"{line[:-1]}=20" if line.endswith(" ") else line
    return binascii.b2a_qp(line.encode("utf-8", "replace"), istext=True).decode("ascii")
