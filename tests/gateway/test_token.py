"""Reply tokens: what goes in comes out, and nothing else is believed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from desk.keys import Keys
from desk.signed import MAC_BYTES
from gateway.token import Token, make, read

KEYS = Keys(((1, bytes(range(32))),))
TOKEN = Token("contact", 10_123, 987_654)
IDS = st.integers(0, 2**56 - 1)  # far beyond what the id blocks will ever reach


@given(st.sampled_from(["contact", "staff", "delivery"]), IDS, IDS, st.booleans())
def test_what_goes_in_comes_out(kind: str, ticket: int, person: int, internal: bool) -> None:
    """Any ids, in any case of letters, within the room that an address and a base32 word have."""
    token = Token(kind, ticket, person, internal)  # type: ignore[arg-type]
    text = make(token, KEYS)
    assert read(text, KEYS) == read(text.upper(), KEYS) == token
    assert len(text) <= 46
    assert text.isalnum()
    assert text == text.lower()


def test_it_fits_into_a_local_part() -> None:
    """With the longest ids, beside a desk name of 15 letters: 64 octets (RFC 5321 section 4.5.3.1.1)."""
    assert len("service-desk-uk+r-" + make(Token("staff", 2**56 - 1, 2**56 - 1), KEYS)) <= 64


def test_every_single_change_is_seen() -> None:
    """One letter of the token changed, at any place, to any other: not ours."""
    text = make(TOKEN, KEYS)
    for place in range(len(text)):
        for letter in "abcdefghijklmnopqrstuvwxyz234567":
            forged = text[:place] + letter + text[place + 1 :]
            assert read(forged, KEYS) == (TOKEN if forged == text else None)


@given(st.text(max_size=60))
def test_other_words_are_no_token(text: str) -> None:
    """Nothing that a person writes there is one, and nothing raises."""
    assert read(text, KEYS) is None


@pytest.mark.parametrize("text", ["", "a" * 30, "a" * 46, "7" * 46, "aaaaaaaa" * 5, "0" * 32, "ａ" * 30, "=" * 32])
def test_odd_words_are_no_token(text: str) -> None:
    """Of the right length and letters, but not signed."""
    assert read(text, KEYS) is None


def test_keys_are_rotated() -> None:
    """The newest signs; an older one still verifies; one that is gone does not, nor another of the same id."""
    old = make(TOKEN, KEYS)
    rotated = Keys(((2, bytes(32)), *KEYS.entries))
    assert read(old, rotated) == TOKEN
    assert make(TOKEN, rotated) != old
    assert read(make(TOKEN, rotated), rotated) == TOKEN
    assert read(old, Keys(((2, bytes(32)),))) is None
    assert read(old, Keys(((1, bytes(32)),))) is None


def test_the_mac_has_eighty_bits() -> None:
    """As mail-flow.md promises."""
    assert MAC_BYTES * 8 == 80
