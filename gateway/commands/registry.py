"""All commands, by who may use them: one file for each family, gathered here and nowhere else."""

from functools import cache

from gateway.commands import (
    alerting,
    approving,
    details,
    handing_on,
    lane,
    life,
    mailing_lists,
    notes,
    people,
    profile,
    questions,
    structure,
    taking_part,
    working,
)
from gateway.commands.spec import Known, Spec, Who

ALL: tuple[Spec, ...] = tuple(
    spec
    for family in (
        life,
        working,
        details,
        taking_part,
        mailing_lists,
        alerting,
        notes,
        approving,
        lane,
        structure,
        handing_on,
        questions,
        profile,
        people,
    )
    for spec in family.COMMANDS
)


@cache
def of(who: Who) -> Known:
    """The commands of customers, Admin users or staff, by word; fill-in lines by their label as well."""
    return Known(spec for spec in ALL if who in spec.who or (who == "admin" and "customer" in spec.who))
