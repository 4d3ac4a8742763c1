"""A hostile IMAP server cannot hold the poller, fill the memory, learn the password, or make a mail vanish."""

from concurrent.futures import Future

import pytest

from gateway.envelope import Envelope
from gateway.mailbox import MailboxConfig, MailboxFailed, MailboxPoller, PollResult
from tests.gateway.hostile_imap import DONE, Answer, HostileImap, hostile_imap, repeats, says


class Spool:
    """Keeps what is submitted."""

    def __init__(self) -> None:
        self.mails: list[bytes] = []

    def submit(self, envelope: Envelope, raw: bytes) -> Future[int]:
        """Keep a mail; done at once."""
        self.mails.append(raw)
        done = Future[int]()
        done.set_result(len(self.mails))
        return done


def poller(server: HostileImap, spool: Spool, **changes: object) -> MailboxPoller:
    """A poller with short time-outs."""
    port = server.server_address[1]
    values: dict[str, object] = {"tls": "none", "timeout": 3, "batch_timeout": 3} | changes
    config = MailboxConfig("sample", "127.0.0.1", port, "desk", "secret-word", **values)  # type: ignore[arg-type]
    return MailboxPoller(config, spool.submit)


def test_the_harness_behaves_when_nothing_is_changed() -> None:
    """With all answers normal the mail is kept and moved: the failures below are the server's doing."""
    spool = Spool()
    with hostile_imap() as server:
        assert poller(server, spool).poll_once() == PollResult(fetched=1, moved=1)
        assert any(b"UID MOVE 1 Processed" in line.replace(b'"', b"") for line in server.seen)
    assert spool.mails == [b"Subject: x\r\n\r\nabcd\r\n"]


@pytest.mark.parametrize(
    "command, answer, words",
    [
        ("GREETING", says(b""), "no answer in time"),
        ("GREETING", says(b"* BYE too busy\r\n"), "BYE"),
        ("GREETING", says(b"HTTP/1.1 200 OK\r\n\r\n"), "unexpected response"),
        ("GREETING", says(b"* PREAUTH welcome\r\n"), "illegal in state"),
        ("LOGIN", says(b"TAG NO secret-word is wrong\r\n"), "… is wrong"),
        ("SEARCH", repeats(b"* 1 EXISTS\r\n" * 4000), "sends more than the answer can be"),
        ("SEARCH", repeats(b"A" * 65536), "OverBudget"),
        ("SEARCH", says(b"* SEARCH abc\r\n" + DONE), "Error"),
        ("SELECT", says(b"* 1 EXISTS\r\n* OK [READ-ONLY] x\r\nTAG OK [READ-ONLY]\r\n"), "readonly"),
        ("FETCH", says(b"* 1 FETCH (UID 1 BODY[] {419430400}\r\n"), "announces 419430400 bytes"),
        ("FETCH", says(b"* 1 FETCH (UID 1 BODY[] {1000}\r\nabc"), "no answer in time"),
        ("FETCH", repeats(b"x", 0.05, b"* 1 FETCH (UID 1 BODY[] {1000}\r\n"), "no answer in time"),
        ("FETCH", says(b"* 1 FETCH (UID 1 X " + b"(" * 20000 + b")" * 20000 + b")\r\n" + DONE), "Error"),
    ],
)
def test_a_poll_ends_with_a_reason(command: str, answer: Answer, words: str) -> None:
    """The poll is given up in bounded time and memory, says why without the password, and took nothing."""
    spool = Spool()
    # Where the time is not the fault, it is not over first on a slow machine.
    seconds = 0.5 if words == "no answer in time" else 20.0
    with hostile_imap(**{command: answer}) as server:
        mailbox = poller(server, spool, timeout=seconds, batch_timeout=2 * seconds)
        with pytest.raises(MailboxFailed):
            mailbox.poll_once()
        assert not any(b"MOVE" in line for line in server.seen)
    assert words in mailbox.state.last_error
    assert "secret-word" not in mailbox.state.last_error
    assert mailbox.state.failures == 1
    assert mailbox.state.last_success is None
    assert spool.mails == []


@pytest.mark.parametrize(
    "answer",
    [
        says(b"* 1 FETCH (UID 999 BODY[] {3}\r\nabc)\r\n" + DONE),
        says(b"* 1 FETCH (UID 1 BODY[] NIL)\r\n" + DONE),
        says(b'* 1 FETCH (UID 1 BODY[] "")\r\n' + DONE),
        says(b"TAG NO [SERVERBUG] cannot read that mail\r\n"),
        says(DONE),
    ],
    ids=["other-uid", "nil", "empty", "no", "nothing"],
)
def test_a_mail_that_is_not_handed_out_stays(answer: Answer) -> None:
    """No mail is made up, none is moved; the trouble can be read, and after three tries it is left alone."""
    spool = Spool()
    with hostile_imap(FETCH=answer) as server:
        mailbox = poller(server, spool)
        for _ in range(3):
            assert mailbox.poll_once().left == 1
        assert mailbox.poll_once() == PollResult()
        assert not any(b"MOVE" in line for line in server.seen)
    assert mailbox.state.last_error
    assert mailbox.state.unfetchable == 1
    assert spool.mails == []


def test_a_mail_far_bigger_than_announced_is_refused_with_the_next_poll() -> None:
    """It does not block the mailbox: it is moved aside unread."""
    spool = Spool()
    with hostile_imap(FETCH=says(b"* 1 FETCH (UID 1 BODY[] {99999999}\r\n")) as server:
        mailbox = poller(server, spool)
        with pytest.raises(MailboxFailed):
            mailbox.poll_once()
        assert mailbox.poll_once() == PollResult(refused=1)
    assert "refused" in mailbox.state.last_error
    assert spool.mails == []


@pytest.mark.parametrize(
    "answers, words",
    [
        ({"CAPABILITY": says(b"* CAPABILITY IMAP4rev1\r\n" + DONE)}, "STARTTLS"),
        ({"STARTTLS": says(b"TAG NO not today\r\n")}, "TLS"),
        ({"STARTTLS": says(b"TAG OK begin\r\n* PREAUTH injected\r\n" + DONE)}, "handshake|Error"),
        ({"GREETING": says(b"* PREAUTH welcome\r\n")}, "illegal in state"),
    ],
    ids=["not-offered", "refused", "injected", "preauth"],
)
def test_without_tls_no_password_is_sent(answers: dict[str, Answer], words: str) -> None:
    """When STARTTLS does not come about, the poll fails before the password leaves us."""
    with hostile_imap(**answers) as server:
        mailbox = poller(server, Spool(), tls="starttls", timeout=1)
        with pytest.raises(MailboxFailed, match=words):
            mailbox.poll_once()
        assert not any(b"LOGIN" in line or b"AUTHENTICATE" in line for line in server.seen)
