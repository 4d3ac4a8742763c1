"""config/exim/ in a real Exim: in front of Postdesk by LMTP, and by a pipe."""

import smtplib

import pytest

from tests.e2e.world import answer, assert_ledger, mail, outcomes, send, text_of
from tests.peers.common import give, wait_for
from tests.peers.desk import DESK, STAFF, Desk
from tests.peers.exim import Exim
from tests.recipes.recipe import deliver_script, recipe

pytestmark = pytest.mark.peer
ANN = "Ann <ann@customer.test>"


def files(port: int, **instead: str) -> dict[str, str]:
    """The files of the recipe for desk.test and a Postdesk on this port."""
    main = recipe("exim/main.conf", {"desk.example.com": "desk.test", "= 2424": f"= {port}"})
    others = {f"{name}.conf": recipe(f"exim/{name}.conf") for name in ("rcpt", "routers", "transports", "retry")}
    return {"main.conf": main, **others, **{f"{name}.conf": text for name, text in instead.items()}}


def test_a_conversation_through_exim() -> None:
    """A mail becomes a ticket, and the answer to its receipt, to an address with a + in it, a note on the ticket."""
    with Desk(("lmtp", "work", "deliver")) as desk, Exim(files(desk.lmtp)) as exim:
        send(exim.port, mail(ANN, "Printer jams"))
        (receipt,) = desk.letters("ann@customer.test", wanted=1)
        assert "+r-" in str(receipt["Reply-To"])
        send(exim.port, answer(ANN, receipt, "It jams again.\n"))
        assert "It jams again." in text_of(desk.letters(STAFF, wanted=2)[-1])
        number = str(receipt["X-Ticket"])
        assert outcomes(desk) == [("opened", number), ("noted", number)]
        assert desk.dispositions()[1].rule == "E1-note"
        assert_ledger(desk)


def test_replies_in_the_dash_form_need_nothing_more() -> None:
    """service-r-<token>@ is asked for like any other address."""
    dash = {"MAIL__SUB_ADDRESS": "dash"}
    with Desk(("lmtp", "work", "deliver"), settings=dash) as desk, Exim(files(desk.lmtp)) as exim:
        send(exim.port, mail(ANN, "Printer jams"))
        (receipt,) = desk.letters("ann@customer.test", wanted=1)
        assert "service-r-" in str(receipt["Reply-To"])
        send(exim.port, answer(ANN, receipt, "It jams again.\n"))
        desk.wait_handled(2)
        assert [kind for kind, _ in outcomes(desk)] == ["opened", "noted"]


def test_what_nobody_has_is_refused_while_the_sender_is_connected() -> None:
    """550 for an unknown address and 552 for a mail that is too large: Exim need not write a bounce for either."""
    with Desk(("lmtp", "work")) as desk, Exim(files(desk.lmtp)) as exim:
        with smtplib.SMTP("127.0.0.1", exim.port, timeout=30) as client:
            client.ehlo()
            assert client.esmtp_features["size"] == "26000000"
            assert client.docmd("MAIL FROM:<ann@customer.test> SIZE=27000000")[0] == 552
            client.mail("ann@customer.test")
            code, words = client.rcpt("nobody@desk.test")
            assert (code, words) == (550, b"No such address here")
            assert client.rcpt(DESK)[0] == 250
        assert exim.mails() == []
        assert desk.accepted() == 0


def test_exim_keeps_mail_while_postdesk_is_away() -> None:
    """It is taken and kept, and delivered once when Postdesk is back; one for nobody then goes back to its sender."""
    with Desk(("lmtp", "work")) as desk, Exim(files(desk.lmtp)) as exim:
        assert desk.stop() == 0
        send(exim.port, mail("p0@customer.test", "While you were away 0"), mail("p1@customer.test", "And 1"))
        send(exim.port, mail("p2@customer.test", "To nobody", to="nobody@desk.test"))
        # Only the first is tried: then Exim knows that nobody answers there.
        wait_for(lambda: exim.log().count(" == ") >= 3, f"three deferred mails\n{exim.log()}")
        assert "Connection refused" in exim.log()
        desk.start()

        def delivered() -> bool:
            exim.flush()
            return exim.queue() == ""

        wait_for(delivered, f"an empty queue\n{exim.log()}", 60)
        desk.wait_handled(2)
        assert [kind for kind, _ in outcomes(desk)] == ["opened", "opened"]
        (bounce,) = exim.mails(1)
        assert b"Envelope-to: p2@customer.test" in bounce
        assert b"550 5.1.1 No such address here" in bounce
        assert_ledger(desk)


def test_exim_hands_over_by_a_pipe() -> None:
    """Taken, bounced for an address that is nobody's, and kept while the program is not there."""
    with Desk(("work",)) as desk:
        desk.stop()  # a command needs no running Postdesk to take mail
        give(desk.folder)
        script = deliver_script(desk.folder, desk.folder / "postdesk.toml")
        pipe = recipe("exim/pipe.conf", {"/usr/local/bin/postdesk-deliver": str(script), "= postdesk\n": "= nobody\n"})
        accept = "accept domains = POSTDESK_DOMAIN\n"
        with Exim(files(1, transports=pipe, rcpt=accept)) as exim:
            away = script.rename(script.with_name("away"))
            send(exim.port, mail(ANN, "By a pipe", to="service+incident@desk.test"))
            wait_for(lambda: "frozen" in exim.queue(), f"a frozen mail\n{exim.log()}")
            away.rename(script)
            send(exim.port, mail(ANN, "To nobody", to="nobody@desk.test"))
            (bounce,) = exim.mails(1)
            assert b"nobody@desk.test" in bounce
            exim.flush()
            wait_for(lambda: exim.queue() == "", f"an empty queue\n{exim.queue()}\n{exim.log()}")
            desk.start()
            desk.wait_handled(1)
            (handled,) = desk.dispositions()
            assert (handled.kind, handled.sender) == ("opened", "ann@customer.test")
