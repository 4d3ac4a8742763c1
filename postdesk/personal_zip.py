"""The data of one person as a ZIP file: JSON for programs, a page to read, mails and files as they came."""

import html
import json
import os
import shutil
import zipfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import IO, Any

from sqlalchemy.orm import Session

from desk import personal_data
from desk.personal_data import Data, Subject
from postdesk.wiring import House
from store.tables import RawMail

_HEAD = """<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>{title}</title>
<style>body{{font:16px/1.5 sans-serif;max-width:50em;margin:2em auto;padding:0 1em}}
pre{{white-space:pre-wrap;font:inherit}}
dt{{font-weight:bold}}
section{{border-top:1px solid #999;margin-top:1.5em}}</style></head><body>
<h1>{title}</h1><p>As of {at}. The same, for programs, is in the files beside this page.</p>
"""


@dataclass(slots=True)
class Counts:
    """What is in the file."""

    tickets: int = 0
    entries: int = 0
    letters: int = 0
    mails: int = 0
    files: int = 0
    lost: list[str] = field(default_factory=list)


def write(house: House, subject: Subject, out: Path, now: datetime) -> Counts:
    """Write it, for its owner only; what comes out under that name is whole."""
    counts, half = Counts(), out.with_name(f".{out.name}.{os.getpid()}")
    handle = os.open(half, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with (
            os.fdopen(handle, "wb") as raw,
            zipfile.ZipFile(raw, "w", zipfile.ZIP_DEFLATED) as archive,
            house.database.reading() as session,
        ):
            _fill(house, session, subject, archive, now, counts)
        os.rename(half, out)
    except BaseException:
        half.unlink(missing_ok=True)
        raise
    return counts


def _fill(
    house: House, session: Session, subject: Subject, archive: zipfile.ZipFile, now: datetime, counts: Counts
) -> None:
    about = personal_data.person(session, subject)
    _json(archive, "profile.json", about)
    _json(archive, "sign-in.json", personal_data.access(session, subject))
    digests: dict[str, str] = {}
    _rows(archive, "tickets.json", _noted(personal_data.tickets(session, subject), counts, digests))
    counts.letters = _rows(archive, "letters.json", personal_data.letters(session, subject))
    counts.mails = _rows(archive, "mails.json", _without(personal_data.mails(session, subject), "blob"))
    for mail in personal_data.mails(session, subject):
        _mail(house, session, archive, mail, counts)
    for digest, name in digests.items():
        _put(archive, name, lambda digest=digest: house.blobs.open(digest), counts)  # type: ignore[misc]
    counts.files = len(digests)
    with archive.open("index.html", "w", force_zip64=True) as page:
        for piece in _page(session, subject, about, house.settings.desk.name, now, digests):
            page.write(piece.encode())


def _json(archive: zipfile.ZipFile, name: str, value: Data) -> None:
    archive.writestr(name, json.dumps(value, ensure_ascii=False, indent=1))


def _rows(archive: zipfile.ZipFile, name: str, rows: Iterable[Data]) -> int:
    """A JSON list, a row at a time: nobody's history is too long for it."""
    count = 0
    with archive.open(name, "w", force_zip64=True) as out:
        out.write(b"[")
        for row in rows:
            out.write((",\n" if count else "\n").encode() + json.dumps(row, ensure_ascii=False).encode())
            count += 1
        out.write(b"\n]\n")
    return count


def _without(rows: Iterable[Data], *names: str) -> Iterator[Data]:
    for row in rows:
        yield {name: value for name, value in row.items() if name not in names}


def _noted(rows: Iterable[Data], counts: Counts, digests: dict[str, str]) -> Iterator[Data]:
    """Tickets, each file in them with its name in the archive."""
    for row in rows:
        counts.tickets += 1
        counts.entries += len(row["entries"])
        for entry in row["entries"]:
            for one in entry["files"]:
                safe = one["name"].replace("/", "_").replace("\\", "_").lstrip(".") or "file"
                one["file"] = digests.setdefault(one["digest"], f"files/{one['digest'][:12]}-{safe}")
        yield row


def _mail(house: House, session: Session, archive: zipfile.ZipFile, mail: Data, counts: Counts) -> None:
    name = f"mails/{mail['id']}.eml"
    if mail["blob"]:
        _put(archive, name, lambda: house.blobs.open(mail["blob"]), counts)
    elif raw := session.get(RawMail, mail["id"]):
        archive.writestr(name, raw.data)
        session.expunge(raw)


def _put(archive: zipfile.ZipFile, name: str, opened: Callable[[], IO[bytes]], counts: Counts) -> None:
    try:
        stream = opened()
    except FileNotFoundError:
        counts.lost.append(name)
        return
    with stream, archive.open(name, "w", force_zip64=True) as out:
        shutil.copyfileobj(stream, out, 1024 * 1024)


def _page(
    session: Session, subject: Subject, about: Data, desk: str, now: datetime, digests: dict[str, str]
) -> Iterator[str]:
    title = f"What {desk} keeps of {about['name'] or about['addresses'][0]}"
    yield _HEAD.format(title=html.escape(title), at=f"{now:%Y-%m-%d %H:%M} UTC")
    yield "<section><h2>You</h2><dl>"
    facts: dict[str, Any] = {"Addresses": ", ".join(about["addresses"]), "Organisation": about["organisation"]}
    for label, value in (facts | about["fields"]).items():
        if value:
            yield f"<dt>{html.escape(label)}</dt><dd>{html.escape(str(value))}</dd>"
    yield "</dl></section>"
    for ticket in personal_data.tickets(session, subject):
        yield f"<section><h2>{html.escape(ticket['number'])} {html.escape(ticket.get('title', ''))}</h2>"
        yield f"<p>{html.escape(ticket['status'])}, since {ticket['created_at'][:10]}</p>"
        for entry in ticket["entries"]:
            yield from _entry(entry, digests)
        yield "</section>"
    yield "</body></html>\n"


def _entry(entry: Data, digests: dict[str, str]) -> Iterator[str]:
    yield f"<h3>{html.escape(entry['at'][:16].replace('T', ' '))} UTC, {html.escape(entry['by'])}</h3>"
    if entry["text"]:
        yield f"<pre>{html.escape(entry['text'])}</pre>"
    for one in entry["files"]:
        yield f'<p><a href="{html.escape(digests.get(one["digest"], ""))}">{html.escape(one["name"])}</a></p>'
