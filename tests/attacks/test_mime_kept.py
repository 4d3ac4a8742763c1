"""Every hostile mail is accepted, has one disposition and is kept byte for byte; its ticket shows what it should."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from store.blobs import FolderBlobs
from store.tables import Attachment
from tests.attacks.batch import Outcome, outcome, outcomes, personal
from tests.attacks.hostile_mails import every
from tests.attacks.outside import enter, settle
from tests.attacks.service import Cost, cost
from tests.peers.desk import STAFF, Desk
from tests.portal.client import Visitor

CASES = every()
KEYS = {name: f"mime{number}" for number, name in enumerate(CASES)}
EACH = 0.25  # seconds of processor time that a hostile mail takes on average, all processes together
SPOKEN_OF = {  # what the page about a mail says of its faults
    "no From": "no From field",
    "no Message-ID": "no Message-ID",
    "subject of 60 KB": "a Subject of more than 998 characters: cut",
    "absurd date": "unreadable Date",
    "date of 60000 digits": "unreadable Date",
    "no boundary": "multipart without a boundary",
    "two From fields": "more than one From field",
    "two mailboxes in From": "more than one mailbox in From",
    "a line that is no field": "a line in the header is no field",
    "winmail.dat of false length": "winmail.dat is damaged",
    "base64 that is none": "claims to be base64 and is not",
    "unknown encoding": "unknown Content-Transfer-Encoding",
}


@pytest.fixture(scope="module")
def spent() -> Cost:
    """What the batch cost, once it was sent."""
    return Cost()


@pytest.fixture(scope="module")
def sent(attacked: Desk, spent: Cost) -> dict[str, Outcome]:
    """All hostile mails through one connection, within the bounds of the whole."""
    mails = {name: (f"{KEYS[name]}@attacker.test", personal(case.build(), KEYS[name])) for name, case in CASES.items()}
    with cost(attacked, cpu=EACH * len(mails), memory=143) as used:
        found = outcomes(attacked, mails)
    spent.cpu, spent.grown = used.cpu, used.grown
    return found


@pytest.fixture(scope="module")
def sam(attacked: Desk) -> Iterator[Visitor]:
    """A member of staff, signed in."""
    found = enter(attacked, STAFF)
    yield found
    found.http.close()


def _cases() -> list[object]:
    return [pytest.param(name, marks=pytest.mark.attack(*case.rows), id=name) for name, case in CASES.items()]


@pytest.mark.parametrize("name", _cases())
def test_accepted_and_kept_and_decided(sent: dict[str, Outcome], name: str) -> None:
    """250 and one disposition, the expected one; below our own Received line the bytes are those that were sent."""
    case, found = CASES[name], sent[name]
    trace, rest = found.kept[: -len(found.raw) or None], found.kept[len(found.kept) - len(found.raw) :]
    assert rest == found.raw
    assert re.fullmatch(rb"Received: from [^\r\n]+\r\n\tby [^\r\n]+\r\n\t[^\r\n]+\r\n", trace)
    assert found.dispositions == 1
    assert (found.kind, case.reason in found.reason) == (case.kind, True), found.reason
    assert (found.number != "") == (case.kind == "opened")
    assert case.sender in (None, found.sender)
    assert case.title in (None, found.title)
    if case.text is not None:
        assert found.text.startswith(case.text)
        assert bool(found.text) == bool(case.text)
    if case.files is not None:
        assert tuple(file.name for file in found.files) == case.files


@pytest.mark.attack(19, 20, 22, 23, 24, 26, 27, 28, 29, 31, 33, 34, 35)
@pytest.mark.parametrize("name", CASES)
def test_what_is_stored_is_clean(attacked: Desk, sent: dict[str, Outcome], name: str) -> None:
    """No control character, direction mark or lone surrogate in a title, a name or an entry; all of it bounded."""
    found = sent[name]
    lines = [found.title, found.subject, found.sender, *(file.name for file in found.files)]
    lines += [file.original_name for file in found.files]
    for line in lines:
        assert not re.search(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]", line), line
    for text in (*lines, found.text, found.folded, found.html):
        assert "\0" not in text
        text.encode("utf-8")
    assert len(found.title) <= 200
    assert len(found.text) <= 8000
    assert len(found.folded) <= 1 << 20
    for file in found.files:
        _safely_stored(attacked.folder / "blobs", file)


def _safely_stored(blobs: Path, file: Attachment) -> None:
    """Under its digest, whatever it is called; its name is one that every file system takes."""
    assert re.fullmatch(r"[0-9a-f]{64}", file.digest)
    assert [path.name for path in blobs.rglob(f"*{file.digest[4:]}*")], file.name
    assert file.name not in ("", ".", "..")
    assert not file.name.startswith((".", "-", "~", " "))
    assert not re.search(r'[/\\<>:"|?*;%$`\u2215\u2044\uff0f\uff3c]', file.name), file.name
    assert not re.match(r"(?:con|prn|aux|nul|com\d|lpt\d)(?:\.|\Z)", file.name, re.IGNORECASE)
    assert len(file.name.encode()) <= 255


@pytest.mark.attack(31)
def test_no_file_has_a_name_from_a_mail(attacked: Desk, sent: dict[str, Outcome]) -> None:
    """Whatever lies in the folder of a desk is named by the desk: settings, database, digests, letters."""
    ours = re.compile(
        r"[0-9a-f]{2}|[0-9a-f]{60,64}|postdesk\.toml|secret\.key|desk\.db[-.a-z]*|log|blobs|incoming|outbox|"
        r"tmp|new|cur|\d[\w.=,:-]+|reserve"
    )
    strange = [path for path in attacked.folder.rglob("*") if not ours.fullmatch(path.name)]
    assert strange == []
    assert sent["file name: up and away"].files[0].original_name == "../../../../etc/cron.d/evil"


@pytest.mark.attack(23, 29, 33, 34)
@pytest.mark.parametrize("name", SPOKEN_OF)
def test_the_faults_of_a_mail_are_told(sam: Visitor, sent: dict[str, Outcome], name: str) -> None:
    """Staff read on the page about the mail what was missing or wrong in it."""
    page = sam.get(f"/desk/mail/{sent[name].mail}")
    assert page.status_code == 200
    assert SPOKEN_OF[name] in page.text


@pytest.mark.attack(19, 20, 23, 29, 36)
@pytest.mark.parametrize(
    "name", ["nested 1000 deep", "100000 parts", "subject of 1 MB", "base64 that is none", "only NUL"]
)
def test_the_mail_is_offered_as_it_came(sam: Visitor, sent: dict[str, Outcome], name: str) -> None:
    """Staff download the very bytes, as a file that no browser opens."""
    found = sent[name]
    answer = sam.get(f"/desk/mail/{found.mail}/raw")
    assert answer.content == found.kept
    assert answer.headers["content-disposition"] == f'attachment; filename="mail-{found.mail}.eml"'
    assert answer.headers["content-type"] == "application/octet-stream"
    assert answer.headers["x-content-type-options"] == "nosniff"


@pytest.mark.attack(27)
def test_no_letter_carries_a_field_of_the_sender(attacked: Desk, sent: dict[str, Outcome]) -> None:
    """The line end in the encoded subject made no Bcc, in no letter about the ticket."""
    number = sent["encoded line end"].number
    settle(attacked)
    about = [letter for letter in attacked.letters(STAFF, wanted=1) if letter["X-Ticket"] == number]
    assert about
    for letter in [*about, *attacked.letters(f"{KEYS['encoded line end']}@attacker.test", wanted=1)]:
        assert letter["Bcc"] is None
        assert "\n" not in str(letter["Subject"])


@pytest.mark.attack(19, 20)
@pytest.mark.parametrize("name, within", [("nested 50 deep", b"deep"), ("10000 parts", b"--x--")])
def test_what_is_held_can_be_taken(attacked: Desk, sent: dict[str, Outcome], name: str, within: bytes) -> None:
    """A person decides that it is a ticket: all that was not opened is its one closed file, to its last byte."""
    held = sent[name]
    attacked.run("mail", "accept", str(held.mail))
    taken = outcome(attacked, held.mail, held.raw)
    assert (taken.kind, taken.dispositions, taken.kept) == ("opened", 1, held.kept)
    (closed,) = taken.files
    assert closed.type == "application/octet-stream" or closed.name.endswith(".bin"), (closed.name, closed.type)
    data = FolderBlobs(attacked.folder / "blobs").read(closed.digest)
    assert within in data
    assert data in held.raw
