"""The comparison with other service desks: which there are, and that one that is not to be had fails nothing."""

import pytest

from bench.peers import __main__ as compared
from bench.peers.peer import Batch, PeerFault, Rates, rates, tagged


class NotHere:
    """A peer that cannot be set up."""

    def install(self) -> None:
        """Say why."""
        raise PeerFault("there is no apt-get here")


class Deaf:
    """A peer that takes mails and makes nothing of them."""

    def __enter__(self) -> "Deaf":
        return self

    def __exit__(self, *_: object) -> None:
        """Nothing to end."""

    def take(self, batch: list[bytes]) -> float:
        """A second for each."""
        return float(len(batch))

    def addressed(self, answers: list[bytes]) -> list[bytes]:
        """As they are."""
        return answers

    def count(self) -> tuple[int, int]:
        """Nothing came of them."""
        return 0, 0


def test_the_help_names_the_peers(capsys: pytest.CaptureFixture[str]) -> None:
    """`python -m bench.peers --help` lists whom it can measure."""
    with pytest.raises(SystemExit, match="0"):
        compared.main(["--help"])
    said = " ".join(capsys.readouterr().out.split())
    assert "roundup, django-helpdesk, request-tracker, redmine" in said


def test_an_unknown_peer_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    """A name that is none of them ends the command before anything is set up."""
    with pytest.raises(SystemExit, match="2"):
        compared.main(["roundup", "nobody"])
    assert "'nobody'" in capsys.readouterr().err


def test_a_peer_that_is_not_to_be_had_is_left_out(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """It prints why, and the run goes on without it."""
    monkeypatch.setitem(compared.PEERS, "redmine", NotHere)
    assert compared._installed(["redmine"]) == {}
    assert capsys.readouterr().out == "redmine is left out: there is no apt-get here\n"


def test_a_mail_that_became_no_ticket_counts_for_nothing() -> None:
    """There is no rate of a peer that did not commit a ticket for each mail."""
    with pytest.raises(PeerFault, match="0 tickets and 0 answers came of 3 and 0 mails"):
        rates(Deaf(), Batch.made(3, 0))  # type: ignore[arg-type]


def test_the_table_has_ratios_beside_the_goals(capsys: pytest.CaptureFixture[str]) -> None:
    """Each goal is about the fastest of its peers that ran; one without any is not printed."""
    peers = {name: compared.PEERS[name]() for name in ("roundup", "django-helpdesk")}
    found = {"postdesk": Rates(1500, 1200), "roundup": Rates(50, 40), "django-helpdesk": Rates(30, 60)}
    compared._print(peers, found)
    lines = [" ".join(line.split()) for line in capsys.readouterr().out.splitlines()]
    assert lines[1] == "Postdesk, SMTP, SQLite 1,500/s 1,200/s"
    assert lines[-1] == "tickets ÷ roundup 30.0 goal ≥ 25"
    assert "ours ÷ theirs 50 20" in lines


def test_an_answer_names_its_ticket() -> None:
    """Peers that do not go by In-Reply-To find the number of the first mail's ticket in the subject."""
    batch = Batch.made(2, 7)
    (first, second) = tagged(batch.answers, {"Trouble small-7-0": 41, "Trouble small-7-1": 42})
    assert b"\r\nSubject: Re: [desk.test #41] Trouble reply-7-0\r\n" in first
    assert b"\r\nSubject: Re: [desk.test #42] Trouble reply-7-1\r\n" in second
