"""What an act did, as the page behind it says once: the address names it by a word, and only known words are said."""

from collections.abc import Mapping

from desk.said import Said, say

SENTENCES: Mapping[str, Said] = {
    "saved": say("Saved."),
}


def said(query: Mapping[str, str]) -> Said | None:
    """The sentence for `?done=saved`; None where the address says nothing of the kind."""
    return SENTENCES.get(query.get("done", ""))
