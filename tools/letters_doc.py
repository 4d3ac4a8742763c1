"""Writes docs/letters.md and docs/headers.md from the letters themselves, rendered with sample data."""

import re
from collections import defaultdict
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from postdesk.preview.letters import LETTERS, Entry
from postdesk.preview.rendering import Preview, render
from postdesk.settings import load

ROOT = Path(__file__).resolve().parent.parent
TARGETS = {"letters": ROOT / "docs" / "letters.md", "headers": ROOT / "docs" / "headers.md"}
_DESK = """\
[desk]
name = "Service Desk"
base_url = "https://desk.example.com"
addresses = [{ address = "service@desk.example.com" }]
"""
LETTERS_INTRODUCTION = """# Letters

Written by `make docs` from the letters themselves, with sample data.

Every letter goes out as text and as HTML, in the language of whoever reads it. `postdesk letters preview` writes them
all with your settings; `postdesk letters override ID` begins one of your own. Which header fields they carry:
[header fields](headers.md).

| Letter | Templates | When | To | Subject |
| --- | --- | --- | --- | --- |
"""
HEADERS_INTRODUCTION = """# Header fields of letters

Written by `make docs` from the letters themselves, with sample data. Tokens are shortened.

All are set through Python's email library, which folds and encodes them; none can hold a line end.

| Field | Example | What it is for | In |
| --- | --- | --- | --- |
"""
# What each field is for, and where it is defined. A field that is not in here has no place in a letter.
MEANING = {
    "From": "The desk, at the address that the ticket came to (RFC 5322)",
    "To": "The one person who gets this letter",
    "Cc": "Nobody else gets this letter; it shows who else was written to",
    "Subject": "The ticket's number and title, which stay the same, so that mail programs thread",
    "Date": "When it was written",
    "Message-ID": "Names the ticket, the letter and its reader: a reply that keeps only this one finds its ticket",
    "Reply-To": "The desk, with a token of this reader and this ticket: it proves who replies, and where to",
    "In-Reply-To": "The mail or letter that it follows",
    "References": "The way back to the first one of the ticket: mail programs thread by it",
    "Auto-Submitted": "No program is to answer: `auto-replied` where it answers a mail (RFC 3834)",
    "X-Auto-Response-Suppress": "The same for Exchange ([MS-OXCMAIL])",
    "X-Postdesk-Instance": "Marks this desk's own letters: one that comes back is no new request",
    "X-Mailer": "In letters to staff: which Postdesk wrote it",
    "Content-Language": "The language it is in (RFC 3282)",
    "Thread-Topic": "Outlook threads by it ([MS-OXOMSG])",
    "Thread-Index": "Outlook threads by it ([MS-OXOMSG])",
    "List-Id": "Filters can put all letters of the desk into one folder (RFC 2919)",
    "List-Unsubscribe": "How to get no more of these (RFC 2369)",
    "List-Unsubscribe-Post": "The same with one click in the mail program (RFC 8058)",
    "X-Ticket": "The ticket's number, for filters",
    "X-Ticket-Status": "Its status, for filters",
    "X-Ticket-Reason": "Why this reader gets it, for filters: `contact`, `watching`, `assigned` and so on",
    "MIME-Version": "It has parts (RFC 2045)",
    "Content-Type": "How its parts go together (RFC 2046)",
    "DKIM-Signature": "The desk's domain vouches for it (RFC 6376), where it has a key",
    "Importance": "Outlook shows it",
    "X-Priority": "The same for other mail programs",
    "Precedence": "Old programs answer it less often",
}
_TOKEN = re.compile(r"(?<=[.+]r-)[a-z2-7]+|(?<=[+]stop-)[a-z2-7]+|(?<=/u/)[\w-]+")
_VARYING = {"Thread-Index", "X-Postdesk-Instance", "X-Mailer", "DKIM-Signature"}
_EXAMPLE = "E12"  # whose fields are shown: it has nearly all


@cache
def _previews() -> tuple[Preview, ...]:
    with TemporaryDirectory() as folder:
        file = Path(folder) / "postdesk.toml"
        file.write_text(_DESK, encoding="utf-8")
        return tuple(render(load(file, {}), LETTERS, ["en"]))


def letters() -> str:
    """The page of all letters."""
    return LETTERS_INTRODUCTION + "".join(f"{row}\n" for row in _letter_rows())


def _letter_rows() -> Iterator[str]:
    for preview in _previews():
        entry = preview.entry
        name = f"{entry.kind}, {entry.variant}" if entry.variant else entry.kind
        cells = (f"{entry.id} {name}", f"`templates/mail/{entry.kind}`", entry.when, entry.to, preview.subject)
        yield f"| {' | '.join(_cell(cell) for cell in cells)} |"


def headers() -> str:
    """The page of all header fields; KeyError for one whose meaning nobody has written down."""
    examples: dict[str, str] = {}
    where: dict[str, list[str]] = defaultdict(list)
    for preview in sorted(_previews(), key=lambda one: one.entry.id != _EXAMPLE):
        for name, value in preview.message.items():
            text = " ".join(str(value).split())
            examples.setdefault(name, "…" if name in _VARYING else _TOKEN.sub("…", re.sub(r'".*"|\.o\d+', "…", text)))
            where[name].append(preview.entry.id)
    shown = {tuple(where["MIME-Version"]): "every letter", tuple(where["X-Ticket"]): "letters about a ticket"}
    rows = []
    for name, example in examples.items():
        places = shown.get(tuple(where[name])) or ", ".join(entry.id for entry in _entries(where[name]))
        rows.append(f"| `{name}` | `{example[:100]}` | {_cell(MEANING[name])} | {places} |\n")
    return HEADERS_INTRODUCTION + "".join(rows)


def _entries(ids: list[str]) -> Iterator[Entry]:
    """One letter of each id, in the order of the table."""
    first = {entry.id: entry for entry in reversed(LETTERS)}
    yield from (entry for entry in LETTERS if entry.id in ids and first[entry.id] is entry)


def _cell(text: str) -> str:
    return text.replace("|", r"\|").replace("<", "&lt;")


def main() -> None:
    """Write both pages."""
    TARGETS["letters"].write_text(letters(), encoding="utf-8")
    TARGETS["headers"].write_text(headers(), encoding="utf-8")


if __name__ == "__main__":
    main()
