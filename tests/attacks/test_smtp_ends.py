"""How a mail ends at the running service: a reply for each recipient, a client that is gone, a fault inside."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager

import pytest

from tests.attacks.service import became
from tests.attacks.smtp_world import (
    SERVICE,
    from_path,
    header,
    kept,
    no_half_mails,
    number_of,
    raw_of,
    start_data,
    works,
)
from tests.attacks.smtpraw import Raw, code
from tests.peers.common import wait_for
from tests.peers.desk import Desk


@pytest.mark.attack(15)
def test_lmtp_answers_for_each_recipient(attacked: Desk) -> None:
    """A reply for each RCPT that was taken, doubles included, and none for those that were not; one mail is kept."""
    recipients = [SERVICE, b"nobody@desk.test", b"service+incident@desk.test", SERVICE, b"victim@elsewhere.test"]
    with Raw(attacked.lmtp, 60) as client:
        client.hello(b"LHLO relay.test")
        client.command(b"MAIL FROM:<lmtp@attacker.test>")
        codes = [code(client.command(b"RCPT TO:<%s>" % address)) for address in recipients]
        assert codes == ["250", "550", "250", "250", "550"]
        assert code(client.command(b"DATA")) == "354"
        client.send(header("For three") + b"x\r\n.\r\nNOOP\r\n")
        numbers = {number_of(client.reply()) for _ in range(3)}
        assert client.reply() == b"250 2.0.0 Still here\r\n"
    (number,) = numbers
    assert kept(attacked, number).recipients == ["service@desk.test", "service+incident@desk.test"]
    became(attacked, number)


@pytest.mark.attack(15)
def test_lmtp_refuses_for_each_recipient(attacked: Desk) -> None:
    """A refusal of the content is told for each recipient too, and the session goes on."""
    with Raw(attacked.lmtp, 60) as client:
        client.hello(b"LHLO relay.test")
        client.envelope(b"lmtp-bare@attacker.test", (SERVICE, b"service+a@desk.test", b"service+b@desk.test"))
        client.command(b"DATA")
        client.send(header("Bare") + b"a\nb\r\n.\r\nNOOP\r\n")
        assert [client.reply()[:10] for _ in range(3)] == [b"550 5.6.11"] * 3
        assert code(client.reply()) == "250"
    assert from_path(attacked, "lmtp-bare@attacker.test") == 0


@pytest.mark.attack(16)
@pytest.mark.parametrize("size", [10, 4_000_000], ids=["small", "large"])
def test_gone_before_the_end(attacked: Desk, size: int) -> None:
    """A mail without its end mark is not kept, and leaves nothing on disk."""
    with Raw(attacked.smtp, 60) as client:
        start_data(client, b"gone-before@attacker.test")
        client.send(header("Without an end") + b"x" * size + b"\r\n")
    works(attacked, b"honest@customer.test")
    no_half_mails(attacked)
    assert from_path(attacked, "gone-before@attacker.test") == 0


@pytest.mark.attack(16)
@pytest.mark.parametrize("size", [10, 4_000_000], ids=["small", "large"])
def test_gone_after_the_end(attacked: Desk, size: int) -> None:
    """A whole mail is kept once, though its sender left without waiting for the answer; tried again it is no second."""
    sender = b"gone-after-%d@attacker.test" % size
    mail = header("Without waiting", sender)[:-2] + b"Message-ID: <%d@attacker.test>\r\n\r\n" % size
    mail += b"x" * size + b"\r\n"
    with Raw(attacked.smtp, 60) as client:
        start_data(client, sender)
        client.send(mail + b".\r\n")
    wait_for(lambda: from_path(attacked, sender.decode()) == 1, "the mail to be kept", 60)
    with Raw(attacked.smtp, 60) as client:
        start_data(client, sender)
        again = number_of(client.content(mail))
    assert raw_of(attacked, again) == mail
    outcome = became(attacked, again)
    assert (outcome.kind, outcome.rule) == ("ignored", "duplicate")
    assert from_path(attacked, sender.decode()) == 2


@pytest.fixture(scope="module")
def listening() -> Iterator[Desk]:
    """A service of its own that only listens, for its storage is broken again and again."""
    with Desk(("smtp", "lmtp"), settings={"MAIL__MAX_MB": "5"}) as desk:
        yield desk


@contextmanager
def tables_away(desk: Desk) -> Iterator[None]:
    """The database no longer has what a mail is written to."""
    with closing(sqlite3.connect(desk.folder / "desk.db", timeout=60, isolation_level=None)) as database:
        database.execute("ALTER TABLE received_mail RENAME TO away")
        try:
            yield
        finally:
            database.execute("ALTER TABLE away RENAME TO received_mail")


@contextmanager
def blobs_away(desk: Desk) -> Iterator[None]:
    """There is a file where big mails are written to."""
    folder, aside = desk.folder / "blobs", desk.folder / "aside"
    folder.rename(aside)
    folder.write_text("no folder")
    try:
        yield
    finally:
        folder.unlink()
        aside.rename(folder)


@pytest.mark.attack(17)
@pytest.mark.parametrize("broken, size", [(tables_away, 10), (tables_away, 2_000_000), (blobs_away, 2_000_000)])
@pytest.mark.parametrize("protocol", ["smtp", "lmtp"])
def test_a_fault_inside(
    listening: Desk, broken: Callable[[Desk], AbstractContextManager[None]], size: int, protocol: str
) -> None:
    """451 4.3.0, a fixed text that tells nothing of the inside; the same session takes the mail once all is mended."""
    mail = header("While something is broken") + b"x" * size + b"\r\n"
    with Raw(listening.smtp if protocol == "smtp" else listening.lmtp, 60) as client:
        client.hello(b"EHLO a" if protocol == "smtp" else b"LHLO a")
        with broken(listening):
            for _ in range(2):
                client.envelope(b"fault@customer.test", (SERVICE,))
                assert code(client.command(b"DATA")) == "354"
                assert client.content(mail) == b"451 4.3.0 The mail could not be stored, try again later\r\n"
        before = from_path(listening, "fault@customer.test")
        client.envelope(b"fault@customer.test", (SERVICE,))
        assert code(client.command(b"DATA")) == "354"
        assert raw_of(listening, number_of(client.content(mail))) == mail
    assert from_path(listening, "fault@customer.test") == before + 1
    no_half_mails(listening)
