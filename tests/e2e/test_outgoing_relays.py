"""Several relays by desk address, and tokens instead of passwords, through real Postfix and Dovecot."""

import email
import email.policy
import json
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from store.tables import Delivery, Outbox
from tests.e2e.world import letter_states, mail, send
from tests.peers.desk import DESK, STAFF, Desk
from tests.peers.token_server import TokenServer
from tests.servers import Dovecot, Postfix, wait_for

pytestmark = pytest.mark.peer
ANN, SALES = "ann@customer.test", "sales@sales.test"
ADDRESSES = f'[{{ address = "{DESK}" }}, {{ address = "{SALES}" }}]'


def usual(postfix: Postfix, **settings: str) -> dict[str, str]:
    """Settings that hand letters to this Postfix."""
    relay = {"MODE": "smtp", "HOST": "localhost", "PORT": str(postfix.port), "TLS": "none"} | settings
    caps = {"CAPS__FIRST_RECEIPTS_PER_ADDRESS_HOUR": "20"}
    return {"DESK__ADDRESSES": ADDRESSES, **caps, **{f"RELAY__{name}": value for name, value in relay.items()}}


def for_sales(postfix: Postfix) -> str:
    """The block of settings that hands the letters of the sales address to that Postfix."""
    return (
        f'\n[[relays]]\nname = "sales"\naddresses = ["@sales.test"]\nhost = "localhost"\nport = {postfix.port}\n'
        'tls = "none"\n'
    )


def arrived(postfix: Postfix, wanted: int) -> list[EmailMessage]:
    """All letters that ended there, once there are so many."""
    wait_for(lambda: len(postfix.mails()) >= wanted, f"{wanted} letters\n{postfix.log()}", 60)
    return [email.message_from_bytes(raw, policy=email.policy.default) for raw in postfix.mails()]


def told(desk: Desk, *words: str) -> list[dict[str, Any]]:
    """What a command says to programs."""
    return [json.loads(line) for line in desk.run("outbox", *words, "--json").splitlines()]


@pytest.mark.feature("F207")
@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
def test_two_relays_by_desk_address(request: pytest.FixtureRequest, kind: str) -> None:
    """Each address has its relay. While one is down the letters of the other go on; then all arrive, each once."""
    url = "" if kind == "sqlite" else request.getfixturevalue("postgres").filled_database()
    with Postfix() as one, Postfix() as two:
        chosen, roles = usual(one), ("smtp", "work", "deliver")
        with Desk(roles, url=url, settings=chosen, extra=for_sales(two)) as desk:
            send(desk.smtp, mail(f"Ann <{ANN}>", "A question"), mail(f"Ann <{ANN}>", "A quote", to=SALES))
            assert {str(letter["From"].addresses[0].addr_spec) for letter in arrived(one, 2)} == {DESK}
            assert {str(letter["From"].addresses[0].addr_spec) for letter in arrived(two, 2)} == {SALES}
            assert all(letter["Return-Path"].startswith("<sales+b-") for letter in arrived(two, 2))
            wait_for(lambda: letter_states(desk) == {"sent": 4}, "four letters sent")
            two.stop()
            send(desk.smtp, mail(f"Ann <{ANN}>", "Another quote", to=SALES))
            wait_for(lambda: told(desk, "list", "--state", "deferred"), "a letter that is put off", 60)
            send(desk.smtp, mail(f"Ann <{ANN}>", "Another question"))
            arrived(one, 4)
            (first, *_) = told(desk, "list", "--state", "deferred")
            assert first["attempts"][-1]["relay"] == "sales"
            assert "relay sales" in desk.run("outbox", "show", str(first["id"]))
            two.start()
            desk.run("outbox", "retry", "--state", "deferred")

            def all_sent() -> bool:
                desk.run("outbox", "retry", "--state", "deferred")
                return letter_states(desk) == {"sent": 8}

            wait_for(all_sent, f"all letters sent\n{desk.log()}", 90)
            assert len(arrived(two, 4)) == len({letter["Message-ID"] for letter in arrived(two, 4)}) == 4
            desk.folder.chmod(0o700)  # as `postdesk check` wants it
            assert "all take letters from us" in desk.run("check")


def test_a_relay_that_takes_tokens(tmp_path: Path) -> None:
    """Postfix asks Dovecot about each token. One that is taken back is replaced, without a word to anybody."""
    with (
        TokenServer() as tokens,
        Dovecot(introspection=tokens.introspection) as users,
        Postfix(tls=True, auth_port=users.auth_port) as postfix,
    ):
        assert postfix.authority
        ca, secret = tmp_path / "ca.pem", tmp_path / "secret"
        postfix.authority.cert_pem.write_to_path(ca)
        secret.write_text(tokens.secret)
        secret.chmod(0o600)
        sign_in = {
            "AUTH": "oauth2",
            "USER": "desk",
            "TLS": "starttls",
            "TLS_CA": str(ca),
            "TOKEN_URL": tokens.token_url,
            "CLIENT_ID": "postdesk",
            "CLIENT_SECRET_FILE": str(secret),
            "LETTERS_PER_CONNECTION": "1",
        }
        with Desk(("smtp", "work", "deliver"), settings=usual(postfix, **sign_in)) as desk:
            desk.folder.chmod(0o700)  # as `postdesk check` wants it
            assert "takes letters from us" in desk.run("check")
            send(desk.smtp, mail(f"Ann <{ANN}>", "With a token"))
            letters = arrived(postfix, 2)
            assert {str(letter["X-Original-To"]) for letter in letters} == {ANN, STAFF}
            assert all("with ESMTPSA" in str(letter["Received"]) for letter in letters)
            wait_for(lambda: letter_states(desk) == {"sent": 2}, "both letters sent")
            tokens.good.clear()
            send(desk.smtp, mail(f"Ann <{ANN}>", "With another one"))
            arrived(postfix, 4)
            wait_for(lambda: letter_states(desk) == {"sent": 4}, "all letters sent")
            tokens.good.clear()
            tokens.answer = (401, {"error": "invalid_client", "error_description": "AADSTS7000222: expired"})
            send(desk.smtp, mail(f"Ann <{ANN}>", "Without one"))
            waits = wait_for(lambda: told(desk, "list", "--state", "deferred"), "a letter that is put off", 60)
            assert "client secret has ended" in waits[0]["attempts"][-1]["reply"]
            assert "client secret has ended" in desk.run("check", code=78)
            with desk.database.reading() as session:
                kept = [*session.scalars(select(Delivery.reply)), *map(str, session.scalars(select(Outbox.context)))]
            assert not [text for text in [*kept, desk.log()] if tokens.secret in text or "token-" in text]
