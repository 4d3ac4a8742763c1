"""How words are compared: the quick way for plain English letters says the same as the way for all scripts."""

from hypothesis import example, given
from hypothesis import strategies as st

from gateway.commands.letters import phrase, tokens

SIGNS = st.text(st.sampled_from("abZ09'`-_ .,;:#\t\x00\x1f"), max_size=30)


@given(st.one_of(SIGNS, st.text(st.characters(max_codepoint=127), max_size=60), st.text(max_size=30)))
@example("don`t re-open it-")
@example("'tis a--b")
def test_phrase(text: str) -> None:
    """The words of a text are those of its tokens."""
    assert phrase(text) == tuple(token.folded for token in tokens(text))
