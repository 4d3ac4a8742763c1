"""Letters that answer what somebody asked by mail: done, not done, confirm, lists; and those about trouble."""

from typing import Any

from markupsafe import Markup

from gateway import letter_files, letter_text
from gateway.answers.answer import GeneratedFile
from gateway.letter import DeskFacts, Superseded
from gateway.letter_data import LetterData, pending_id
from gateway.letter_words import brought, is_stranger, line, sentences
from store.tables import Outbox

Context = dict[str, Any]
_HTML_BYTES, _TEXT_BYTES = 15_000, 9_300  # of an answer that comes ready made; a larger one is cut, and shown as text


def lines(row: Outbox, data: LetterData, desk: DeskFacts) -> Context:
    """Sentences that the cause brought along. They may hold the writer's words, so a stranger gets none of them."""
    stranger = is_stranger(row)
    return {
        "lines": [] if stranger else sentences(row, "lines", desk.language),
        "asked": "" if stranger else brought(row, "subject", desk.language),
        "internal": row.staff_id is not None and row.ticket_id is not None,
    }


def confirm(row: Outbox, data: LetterData, desk: DeskFacts) -> Context:
    """E15: what waits for one word. To an address nobody knows it does not say what: somebody else may have written."""
    pending = data.pending.get(pending_id(row))
    if pending is None or pending.done_at is not None:
        raise Superseded("it was confirmed already, or does not wait any more")
    ticket = data.tickets.get(row.ticket_id or 0)
    return {
        "lines": [] if to_unknown(row, data) else sentences(row, "lines", desk.language),
        "number": ticket.number if ticket else "",
        "until": desk.language.moment(pending.expires_at, desk.zone),
    }


def to_unknown(row: Outbox, data: LetterData) -> bool:
    """True for a letter to an address that nobody vouches for."""
    contact = data.contacts.get(row.contact_id or 0)
    return is_stranger(row) or (contact is not None and not contact.known)


def answer(row: Outbox, data: LetterData, desk: DeskFacts) -> Context:
    """E15: what was asked for, made by gateway/answers."""
    found = data.answers.get(row.id)
    if found is None:
        raise LookupError("there is no answer to what was asked")
    text = letter_text.clean_text(found.text)
    ready = bool(found.html) and len(found.html.encode()) <= _HTML_BYTES and len(text.encode()) <= _TEXT_BYTES
    text, was_cut = (text, False) if ready else letter_text.cut(text)
    along, too_large = letter_files.generated_in(row, data)
    asked = brought(row, "subject", desk.language) or line(found.title)
    return {
        "asked": line(f"#{row.context.get('ask', 'help')}") if is_stranger(row) else asked,
        "title": line(found.title),
        "titled": not " ".join(text[:1000].split()).startswith(line(found.title)),  # many begin with it
        "preview": line(found.preheader),
        "text": text,
        "html": Markup(found.html) if ready else _as_it_stands(text),  # noqa: S704 - escaped by gateway/answers
        "ready": ready,
        "cut": was_cut,
        "form": found.form,
        "of": {"files": _names(along, desk), "too_large": _names(too_large, desk), "links": []},
        "internal": row.staff_id is not None and row.ticket_id is not None,
    }


def _as_it_stands(text: str) -> Markup:
    """Text whose spaces are kept: columns stand below each other, and a narrow screen wraps."""
    return letter_text.as_html(text).replace("<br>\n", "\n")


def _names(files: list[GeneratedFile], desk: DeskFacts) -> list[str]:
    return [f"{line(file.name)} ({desk.language.size(len(file.data))})" for file in files]
