"""Throws mutated mails at the reader and asks its promises of every one: `make fuzz`.

Runs until it is stopped, or for `-max_total_time=SECONDS`; arguments go to libFuzzer: its options, and first a folder
to keep what it learns in. Each kind of finding is written once into build/fuzz/, and the run goes on; only a mail that
takes too long ends it, as `timeout-…`. A finding belongs into a test before it is mended.
"""

import hashlib
import sys
import tempfile
import traceback
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["gateway"]):
    from gateway.parse import read_or_raise

from tests.gateway import hostile_mime, promises

SECONDS = 5  # for one mail: a hundred times what an honest one of that size takes
_WORDS = (
    "Content-Type: ", "multipart/mixed", "multipart/alternative", "multipart/related", "multipart/report",
    "multipart/signed", "boundary=", "charset=", "utf-8", "iso-2022-jp", "utf-7", "gb18030", "koi8-r", "message/rfc822",
    "message/delivery-status", "text/html", "text/calendar", "application/ms-tnef", "application/pkcs7-mime",
    "format=flowed", "delsp=yes", "name*0*=", "filename=", "filename*=utf-8''", "Content-Transfer-Encoding: ",
    "base64", "quoted-printable", "x-uuencode", "Content-Disposition: ", "attachment", "inline", "Content-ID: <",
    "=?utf-8?q?", "=?iso-2022-jp?b?", "?=", "From: ", "Subject: ", "Received: ", "begin 644 ", "BEGIN:VCALENDAR",
    "BEGIN:VEVENT", "DTSTART;TZID=", "RRULE:FREQ=", "Final-Recipient: rfc822;", "Status: 5.1.1", "Diagnostic-Code: ",
    "On Mon, Ann <a@b.test> wrote:", "-----Original Message-----", "> ", "-- ", "<blockquote type=cite>",
    "<div class=gmail_quote>", "<table>", "<td>", "<style>", "<!--[if mso]>", "<base href=", "&nbsp;", "Sent from my ",
)  # fmt: skip


FINDINGS = Path(__file__).parent.parent / "build" / "fuzz"
_known: set[str] = set()


def one_mail(data: bytes) -> None:
    """Read it; whatever is raised is a finding, told once for each place in the code."""
    try:
        promises.check(read_or_raise(data))
    except Exception as fault:
        place = traceback.extract_tb(fault.__traceback__)[-1]
        kind = f"{type(fault).__name__} {Path(place.filename).name}:{place.lineno}"
        if kind in _known:
            return
        _known.add(kind)
        FINDINGS.mkdir(parents=True, exist_ok=True)
        file = FINDINGS / f"finding-{hashlib.sha256(data).hexdigest()[:16]}.eml"
        file.write_bytes(data)
        print(f"\nFINDING {kind}: {fault}\n  {file}", flush=True)


def main(arguments: list[str]) -> None:
    """Fuzz from our own hostile mails, and from the folders of mails that the arguments name."""
    with tempfile.TemporaryDirectory() as folder:
        seeds, words = Path(folder, "seeds"), Path(folder, "words")
        seeds.mkdir()
        for name, build in hostile_mime.MAILS.items():
            (seeds / name.replace("/", "_")).write_bytes(build()[:65_536])
        for path in Path(__file__).parent.parent.glob("tests/scenarios/*/in.eml"):
            (seeds / path.parent.name).write_bytes(path.read_bytes())
        words.write_text("".join(f'"{_escaped(word)}"\n' for word in _WORDS))
        options = [f"-dict={words}", f"-timeout={SECONDS}", "-max_len=32768", "-rss_limit_mb=1500"]
        atheris.Setup([sys.argv[0], *options, *arguments, str(seeds)], one_mail)
        atheris.Fuzz()


def _escaped(word: str) -> str:
    return word.replace("\\", "\\\\").replace('"', '\\"')


if __name__ == "__main__":
    main(sys.argv[1:])
