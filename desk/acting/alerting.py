"""The stages of a ticket that somebody wants a letter about, chosen on its page."""

from collections.abc import Collection

from desk import alerts
from desk.acting.rules import Refused
from desk.acting.stage import Stage
from desk.acting.taking_part import must_take_part
from desk.alerts import STAGES
from desk.said import say


def want(stage: Stage, stages: Collection[str]) -> None:
    """These from now on, and no others; each is sent once."""
    author = must_take_part(stage)
    if unknown := set(stages) - set(STAGES):
        raise Refused(say("Select what you want to hear of."), "stages") from ValueError(sorted(unknown))
    # Who had all letters stopped may still take an alert away.
    if author.muted and set(stages) - set(alerts.wanted(stage.ticket, author, stage.known)):
        raise Refused(say("You asked for no letters at all. Change that in your profile first."), "stages")
    stage.people[author.id] = author
    alerts.want(stage.writes, stage.ticket, author, stages, stage.known)


def drop(stage: Stage, one: str) -> None:
    """One of them no more; nothing happens where it was sent meanwhile."""
    author = must_take_part(stage)
    left = [kept for kept in alerts.wanted(stage.ticket, author, stage.known) if kept != one]
    alerts.want(stage.writes, stage.ticket, author, left, stage.known)
