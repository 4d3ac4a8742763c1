"""Addresses of our own: what a recipient means, and addresses and Message-IDs that carry a token."""

import pytest

from desk.keys import Keys
from gateway.desk_addresses import Addresses, DeskAddress
from gateway.token import Token

KEYS = Keys(((1, bytes(range(32))),))
DESKS = (DeskAddress("service@desk.test"), DeskAddress("it-help@desk.test", "Network", "Incident"))
PLUS, DASH = Addresses(DESKS, KEYS, "mx.desk.test"), Addresses(DESKS, KEYS, "mx.desk.test", "-")
TOKEN = Token("contact", 12, 34)


@pytest.mark.parametrize(
    "address, desk, kind",
    [
        ("service@desk.test", "service@desk.test", ""), (" <SERVICE@Desk.Test> ", "service@desk.test", ""),
        ("service+incident@desk.test", "service@desk.test", "Incident"),
        ("it-help+change@desk.test", "it-help@desk.test", "Change Request"),
        ("service+whatever@desk.test", "service@desk.test", ""), ("service+@desk.test", "service@desk.test", ""),
        ("postmaster@desk.test", "service@desk.test", ""), ("Postmaster", "service@desk.test", ""),
    ],
)  # fmt: skip
def test_what_is_ours(address: str, desk: str, kind: str) -> None:
    """In any case, with a type behind the plus, and the postmaster (RFC 5321 section 4.5.1)."""
    for addresses in (PLUS, DASH):
        found = addresses.find(address)
        assert found is not None
        assert (found.desk.address, found.type, found.token) == (desk, kind, None)


@pytest.mark.parametrize(
    "address",
    ["", "@", "service", "service@elsewhere.test", "services@desk.test", "it@desk.test", "+r-abc@desk.test",
     "postmaster@elsewhere.test", "service@desk.test@elsewhere.test", "service-team@desk.test", "a+service@desk.test"],
)  # fmt: skip
def test_what_is_nobodys(address: str) -> None:
    """Another domain, another name, a name with a hyphen that only begins like ours."""
    assert PLUS.find(address) is None
    assert DASH.find(address) is None


@pytest.mark.parametrize("desk", ["service@desk.test", "it-help@desk.test"])
def test_reply_addresses(desk: str) -> None:
    """With + or with -, and both kinds are read whatever is set today: old letters are still answered."""
    for made, other in ((PLUS, DASH), (DASH, PLUS)):
        address = made.reply_to(desk, TOKEN)
        for addresses in (made, other):
            for written in (address, address.upper(), f"<{address}>"):
                found = addresses.find(written)
                assert found is not None
                assert (found.desk.address, found.token) == (desk, TOKEN)
        assert len(address.partition("@")[0]) <= 64


def test_a_broken_token_is_still_the_desk() -> None:
    """The mail is taken; the token is as if absent."""
    found = PLUS.find(PLUS.reply_to("service@desk.test", TOKEN).replace("r-", "r-a"))
    assert found is not None
    assert found.token is None
    assert DASH.find("service-r-letter@desk.test") is not None


def test_return_paths_name_the_letter() -> None:
    """VERP: a report to it names the very outbox row."""
    found = PLUS.find(PLUS.return_path(4711))
    assert found is not None
    assert found.token == Token("delivery", 0, 4711)


def test_message_ids() -> None:
    """They carry number, row and token; only ours are read, whole, in any case."""
    made = PLUS.message_id("T20261123.0001", 17, TOKEN)
    assert made.startswith("<t20261123.0001.o17.r-")
    assert made.endswith("@mx.desk.test>")
    assert PLUS.token_of(made) == PLUS.token_of(made.upper()) == PLUS.token_of(f" {made} ") == TOKEN
    for other in ("", "<a@b>", made + "x", made.replace(".r-", ".r-a"), "x" + made, made[:-1], PLUS.thread_root("T1")):
        assert PLUS.token_of(other) is None
