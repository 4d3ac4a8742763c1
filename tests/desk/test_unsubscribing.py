"""Tokens that end letters of a sort: they say who and what, and nobody can make one up."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from desk import unsubscribing
from desk.keys import Keys
from desk.unsubscribing import Stop

OLD, NEW = Keys(((1, bytes(range(32))),)), Keys(((2, bytes(32)), (1, bytes(range(32)))))
IDS = st.integers(0, 2**63 - 1)


@given(st.sampled_from(unsubscribing._LISTS), IDS, IDS)
def test_what_is_made_is_read(name: unsubscribing.List, person: int, ticket: int) -> None:
    """Whoever and whatever it is about; short enough for the local part of an address."""
    stop = Stop(name, person, ticket)
    token = unsubscribing.make(stop, OLD)
    assert unsubscribing.read(token, OLD) == unsubscribing.read(token.upper(), NEW) == stop
    assert len(f"servicedesk+stop-{token}") <= 64


@pytest.mark.parametrize("text", ["", "a" * 31, "a" * 500, "q" * 40, "ö" * 30, "../../etc/passwd" * 2])
def test_rubbish_is_nothing(text: str) -> None:
    """Whatever comes in the address of a page."""
    assert unsubscribing.read(text, OLD) is None


def test_an_altered_token_is_nothing() -> None:
    """Each letter of it counts; and a key that is gone signs nothing."""
    token = unsubscribing.make(Stop("digest", 17), OLD)
    for place, letter in enumerate(token[:-1]):  # the last one holds spare bits
        other = "a" if letter != "a" else "b"
        assert unsubscribing.read(token[:place] + other + token[place + 1 :], OLD) is None
    assert unsubscribing.read(token, Keys(((2, bytes(32)),))) is None
