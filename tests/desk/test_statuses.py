"""Statuses: each in one group, and found by what a person writes."""

import pytest

from desk import statuses


@pytest.mark.feature("F151")
def test_groups() -> None:
    """No status is in two groups; done are the three that end a ticket."""
    assert len(set(statuses.ALL)) == len(statuses.ALL) == 11
    assert [status for status in statuses.ALL if statuses.is_done(status)] == ["Resolved", "Complete", "Withdrawn"]


@pytest.mark.parametrize("status", statuses.ALL)
def test_found_by_its_name(status: str) -> None:
    """In any case and spacing."""
    assert (
        statuses.find(status)
        == statuses.find(f"  {status.upper()} ")
        == statuses.find(status.replace(" ", "   "))
        == status
    )


@pytest.mark.parametrize(
    "words, status",
    [
        ("in", "In Progress"),
        ("waiting c", "Waiting Customer"),
        ("res", "Resolved"),
        ("waiting", None),
        ("", None),
        (" ", None),
        ("closed", None),
        ("re", None),
        ("progress", None),
    ],
)
def test_found_by_its_beginning(words: str, status: str | None) -> None:
    """When there is only one of that beginning."""
    assert statuses.find(words) == status
