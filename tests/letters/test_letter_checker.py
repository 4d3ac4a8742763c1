"""Programs that judge mail for others look at every letter: rspamd and SpamAssassin, by their own rules, offline."""

import re
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime
from email.utils import format_datetime
from pathlib import Path

import pytest

from gateway import dkim_sign
from tests.gateway.test_dkim_sign import keys
from tests.letters import rendered
from tests.peers.common import require
from tests.peers.dns_server import DnsServer
from tests.peers.rspamd import Rspamd

pytestmark = pytest.mark.peer

# What rspamd says of our letters that is no complaint, and why.
_HARMLESS = {
    "FROM_HAS_DN": "From has a name, as it should",
    "TO_DN_ALL": "To has a name",
    "TO_DN_NONE": "a stranger's own name is not repeated",
    "TO_MATCH_ENVRCPT_ALL": "To is the one who gets it",
    "RCPT_COUNT_ONE": "one letter for each person",
    "FROM_NEQ_ENVFROM": "the envelope sender is a return path of this letter alone (VERP)",
    "FROM_EQ_ENVFROM": "rspamd takes the return path without its tag",
    "TAGGED_FROM": "the tag of the return path",
    "HAS_REPLYTO": "a reply goes to the ticket",
    "REPLYTO_DOM_EQ_FROM_DOM": "of the same domain",
    "REPLYTO_DN_EQ_FROM_DN": "and the same name",
    "HAS_LIST_UNSUB": "RFC 2369",
    "HAS_ATTACHMENT": "a letter with a file",
    "MIME_GOOD": "types of parts that it knows",
    "MIME_TRACE": "the types of the parts, as information",
    "MID_RHS_MATCH_FROM": "the Message-ID is of our domain",
    "MID_RHS_MATCH_FROMTLD": "the same, below it",
    "RCVD_COUNT_ZERO": "it came from no server before: the relay adds that",
    "R_DKIM_NA": "these letters are not signed; those below are",
    "ARC_NA": "nor forwarded",
    "MANY_INVISIBLE_PARTS": "the hidden line that mail programs show in their list",
    "R_MIXED_CHARSET": "a guess at words: English titles in a Spanish letter",
    "URI_COUNT_ODD": "a guess at words: an address in the text that HTML does not repeat",
}
# What SpamAssassin says.
_HARMLESS_THERE = {
    "HTML_MESSAGE": "it has HTML",
    "RCVD_ILLEGAL_IP": "the address of the sample server is one for samples (RFC 5737)",
    "HTML_OBFUSCATE_05_10": "a guess at words: names beside tags",
    "T_FILL_THIS_FORM_SHORT": "a guess at words, without a score: lines that end in a colon",
    "T_SCC_BODY_TEXT_LINE": "counts lines, without a score",
}
_DATE = re.compile(rb"^Date: [^\r]*", re.MULTILINE)


def fresh(raw: bytes) -> bytes:
    """The letter as of now: the samples are years old, which both mind."""
    return _DATE.sub(b"Date: " + format_datetime(datetime.now(UTC)).encode(), raw, count=1)


@pytest.fixture(scope="module")
def judge() -> Iterator[Rspamd]:
    """A running rspamd."""
    with Rspamd() as running:
        yield running


@pytest.mark.parametrize("language", rendered.LANGUAGES)
def test_rspamd_has_no_complaint(judge: Rspamd, language: str) -> None:
    """Each letter has harmless symbols only, those listed above with a reason."""
    found: dict[str, list[str]] = {}
    for name, letter in rendered.letters(language).items():
        recipient = letter.message["To"].addresses[0].addr_spec
        for symbol in judge.symbols(fresh(letter.raw), "service+b-abc@example.com", recipient):
            found.setdefault(symbol, []).append(name)
    assert {symbol: names for symbol, names in found.items() if symbol not in _HARMLESS} == {}
    assert len(found["FROM_HAS_DN"]) == len(rendered.NAMES)


@pytest.mark.parametrize(
    "old, new, symbols",
    [
        (b"\r\nDate:", b"\r\nX-Date:", {"MISSING_DATE"}),
        (b"\r\nMIME-Version:", b"\r\nX-MIME:", {"MISSING_MIME_VERSION"}),
        (b"\r\nTo:", b"\r\nX-To:", {"MISSING_TO"}),
        (b"\r\nMessage-ID:", b"\r\nX-ID:", {"MISSING_MID"}),
        (b"\r\nSubject: ", b"\r\nSubject: \xe4\xf6 ", {"SUBJECT_NEEDS_ENCODING"}),
        (b"\r\nFrom:", b"\r\nFrom: a@elsewhere.test\r\nFrom:", {"MULTIPLE_UNIQUE_HEADERS", "MULTIPLE_FROM"}),
        (b"multipart/alternative", b"text/html", {"MIME_HTML_ONLY"}),
    ],
)
def test_rspamd_would_complain(judge: Rspamd, old: bytes, new: bytes, symbols: set[str]) -> None:
    """About a letter that is wrong in one thing."""
    raw = fresh(rendered.letters("en")["E12-alert-due"].raw)
    assert old in b"\r\n" + raw
    broken = (b"\r\n" + raw).replace(old, new, 1)[2:]
    assert symbols & set(judge.symbols(broken, "service+b-abc@example.com", "jane@customer.test"))


def test_rspamd_verifies_both_signatures() -> None:
    """By code that has nothing in common with ours nor with dkimpy; a changed word is seen."""
    with DnsServer() as zone:
        for key in keys():
            zone.add(key.place, "TXT", key.record)
        with Rspamd(zone.port) as verifier:
            for name in ("E5-update", "E12-alert-due", "E15-answer-export"):
                raw = rendered.letters("de")[name].raw
                for key in keys():
                    signed = dkim_sign.sign(raw, [key], datetime.now(UTC))
                    found = verifier.symbols(signed, "service+b-abc@example.com", "jane@customer.test")
                    assert found["R_DKIM_ALLOW"]["options"] == [f"example.com:s={key.selector}"], (name, key.type)
                    changed = signed.replace(b"Subject: ", b"Subject: Buy ", 1)
                    found = verifier.symbols(changed, "service+b-abc@example.com", "jane@customer.test")
                    assert "R_DKIM_REJECT" in found


def judged(letters: list[bytes], folder: Path) -> list[set[str]]:
    """What SpamAssassin finds in each letter, all in one process."""
    program = require("spamassassin")
    for file in Path("/etc/spamassassin").glob("*.pre"):
        (folder / file.name).write_bytes(file.read_bytes())
    (folder / "local.cf").write_text(
        "use_bayes 0\nskip_rbl_checks 1\nreport_safe 0\nclear_headers\nadd_header all Tests _TESTS(,)_\n",
        encoding="ascii",
    )
    (folder / "prefs").touch()
    now = format_datetime(datetime.now(UTC)).encode()
    way = (
        b"Return-Path: <service+b-abc@example.com>\r\n"
        b"Received: from desk.example.com (desk.example.com [192.0.2.25])\r\n"
        b"\tby mx.customer.test (Postfix) with ESMTP id SAMPLE;\r\n\t" + now + b"\r\n"
    )
    box = b"".join(
        b"From sample Thu Nov 26 15:19:19 2026\nX-Sample: %d\n" % place
        + re.sub(rb"^(>*From )", rb">\1", (way + raw).replace(b"\r\n", b"\n"), flags=re.MULTILINE)
        + b"\n"
        for place, raw in enumerate(letters)
    )
    call = [program, "--local", "--mbox", f"--siteconfigpath={folder}", f"--prefspath={folder / 'prefs'}"]
    environment = {"HOME": str(folder), "PATH": "/usr/bin:/bin"}
    done = subprocess.run(call, input=box, capture_output=True, env=environment, timeout=280, check=True)
    # It sorts the mails by their dates, and writes its own field above the others.
    told = re.findall(
        rb"^X-Spam-Tests: ([^\n]*(?:\n[ \t][^\n]*)*)(?:\n[^\n]+)*?\nX-Sample: (\d+)$", done.stdout, re.MULTILINE
    )
    found = {int(place): set(re.sub(r"\s", "", tests.decode()).split(",")) - {"none", ""} for tests, place in told}
    return [found[place] for place in range(len(letters))]


@pytest.mark.timeout(300)
def test_spamassassin_has_no_complaint(tmp_path: Path) -> None:
    """Each letter in one of the languages, in turn; the last one is broken, and there it complains."""
    chosen = [(name, rendered.LANGUAGES[place % 4]) for place, name in enumerate(rendered.NAMES)]
    letters = [fresh(rendered.letters(language)[name].raw) for name, language in chosen]
    broken = letters[0].replace(b"\r\nSubject:", b"\r\nX-Subject:").replace(b"Date:", b"X-Date:", 1)
    *found, of_broken = judged([*letters, broken], tmp_path)
    assert len(found) == len(letters)
    complaints = {name: tests - set(_HARMLESS_THERE) for name, tests in zip(chosen, found, strict=True)}
    assert {name: tests for name, tests in complaints.items() if tests} == {}
    assert {"MISSING_SUBJECT", "MISSING_DATE"} <= of_broken
