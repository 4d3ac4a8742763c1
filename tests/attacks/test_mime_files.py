"""Hostile files over HTTP: downloaded and never opened, under cleaned names; and nothing is fetched for a mail."""

import socket
from collections.abc import Iterator

import pytest

from tests.attacks.batch import Outcome, outcome, outcomes, personal
from tests.attacks.hostile_files import CASES, NAMES
from tests.attacks.outside import enter, settle
from tests.attacks.service import became, cost, hand_over
from tests.attacks.shown import strange_in
from tests.e2e.world import text_of
from tests.gateway.hostile_mime import head
from tests.peers.desk import STAFF, Desk
from tests.portal.client import Visitor

DANGEROUS = [name for name, case in CASES.items() if case.rows[0] in (32, 33) and case.files]
NAMED = [f"file name: {name}" for name, (_, stored) in NAMES.items() if stored]
LEFT_OUT = [f"file name: {name}" for name, (_, stored) in NAMES.items() if not stored]
MOVED = "http://127.0.0.1:%d/latest/meta-data"


@pytest.fixture(scope="module")
def sent(attacked: Desk) -> dict[str, Outcome]:
    """All mails with such files."""
    keys = {name: f"file{number}" for number, name in enumerate(CASES)}
    return outcomes(
        attacked,
        {name: (f"{keys[name]}@attacker.test", personal(case.build(), keys[name])) for name, case in CASES.items()},
    )


@pytest.fixture(scope="module")
def sam(attacked: Desk) -> Iterator[Visitor]:
    """A member of staff, signed in."""
    found = enter(attacked, STAFF)
    yield found
    found.http.close()


@pytest.mark.attack(32, 33)
@pytest.mark.parametrize("name", DANGEROUS)
def test_download_only(attacked: Desk, sent: dict[str, Outcome], sam: Visitor, name: str) -> None:
    """The bytes as they came, as a file and never as a page or picture; no process unpacks or draws them."""
    found = sent[name]
    with cost(attacked, cpu=2.0, memory=32):
        for file in found.files:
            answer = sam.get(f"/t/{found.number}/files/{file.id}")
            assert (answer.status_code, len(answer.content)) == (200, file.size)
            assert answer.headers["content-type"] == "application/octet-stream"
            assert answer.headers["content-disposition"].startswith("attachment; ")
            assert answer.headers["content-security-policy"].startswith("sandbox; default-src 'none'")
            assert answer.headers["x-content-type-options"] == "nosniff"
            assert sam.get(f"/t/{found.number}/files/{file.id}/picture").status_code == 404


@pytest.mark.attack(31)
@pytest.mark.parametrize("name", NAMED)
def test_names_on_the_page(attacked: Desk, sent: dict[str, Outcome], sam: Visitor, name: str) -> None:
    """The page shows the cleaned name, and the download carries it in one header field."""
    found = sent[name]
    (file,) = found.files
    page = sam.get(f"/t/{found.number}")
    assert f"<bdi>{file.name}</bdi>" in page.text
    assert strange_in(page.text, attacked.url) == []
    answer = sam.get(f"/t/{found.number}/files/{file.id}")
    assert answer.content == b"data"
    assert "set-cookie" not in answer.headers
    disposition = answer.headers["content-disposition"]
    assert disposition.isascii()
    assert not set(disposition.partition("filename=")[2].partition(";")[0].strip('"')) & set('/\\<>:"|?*')


@pytest.mark.attack(31)
@pytest.mark.parametrize("name", LEFT_OUT)
def test_programs_are_left_out_and_kept(attacked: Desk, sent: dict[str, Outcome], name: str) -> None:
    """A file that runs when opened is not on the ticket; its sender and staff are told, and the mail still holds it."""
    found = sent[name]
    assert found.files == ()
    assert found.kept.endswith(found.raw)
    settle(attacked)
    (receipt,) = attacked.letters(found.sender)
    assert "One file was not added." in text_of(receipt)
    (told,) = [letter for letter in attacked.letters(STAFF) if letter["X-Ticket"] == found.number]
    assert "One file of the mail was not added. The mail itself holds it." in text_of(told)


@pytest.mark.attack(30, 32, 38)
def test_nothing_is_fetched(attacked: Desk, sam: Visitor) -> None:
    """A body that is elsewhere, an entity, pictures and styles of one server of ours: it is asked for none of them."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.setblocking(False)
        there = MOVED % listening.getsockname()[1]
        external = f'message/external-body; access-type=URL; URL="{there}"'
        entity = f'<!DOCTYPE a [<!ENTITY x SYSTEM "{there}">]><a>&x;</a>'
        page = f'<img src="{there}"><link rel=stylesheet href="{there}"><p style="background:url({there})">Words.</p>'
        bodies = {external: "Content-Type: text/plain\r\n\r\n", "application/xml": entity, "text/html": page}
        for number, (kind, body) in enumerate(bodies.items()):
            key = f"fetch{number}"
            raw = personal(head(content_type=kind) + b"\r\n" + body.encode() + b"\r\n", key)
            done = became(attacked, hand_over(attacked, raw, f"{key}@attacker.test"))
            found = outcome(attacked, done.received_id)
            assert found.kind == "opened"
            assert sam.get(f"/t/{found.number}").status_code == 200
            assert sam.get(f"/desk/mail/{found.mail}").status_code == 200
            for file in found.files:
                assert sam.get(f"/t/{found.number}/files/{file.id}").status_code == 200
        with pytest.raises(BlockingIOError):
            listening.accept()
