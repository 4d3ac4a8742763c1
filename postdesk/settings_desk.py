"""The sections of the settings that say how the desk works: rights, tickets, credentials, letters, time, retention."""

from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from desk.numbers import Form
from postdesk.settings_kinds import Section, TimeOfDay


def _number_form(said: str) -> str:
    Form.read(said)
    return said


NumberForm = Annotated[str, AfterValidator(_number_form)]
Days = Annotated[int, Field(ge=0, le=36500)]


class Level(Section):
    """A security level of customers, and what its people may do."""

    name: str = Field(min_length=1, max_length=60)
    people: bool = False
    priority: bool = True
    create: bool = True
    sees: Literal["", "own", "organisation", "sub-organisations"] = ""


class People(Section):
    """[people]"""

    levels: Annotated[tuple[Level, ...], Field(min_length=1)]


class Tickets(Section):
    """[tickets]"""

    number_format: NumberForm
    approvals: Literal["any", "all"]
    withdrawal_reasons: Annotated[tuple[str, ...], Field(min_length=1)]
    private_notes: bool
    copies: bool
    needs_reference: bool


class Credentials(Section):
    """[credentials]"""

    mode: Literal["password", "link"]
    hours: Annotated[float, Field(gt=0, le=720)]
    profile: Literal["modern", "guide"]
    letters_per_minute: Annotated[int, Field(ge=1, le=6000)]


class Reminders(Section):
    """[reminders]"""

    after_days: tuple[Annotated[int, Field(ge=1, le=365)], ...]
    close_after_days: Days


class Letters(Section):
    """[letters]"""

    digest_at: TimeOfDay
    day_sheet: bool
    announcements: bool
    password_changed: bool
    max_mb: Annotated[float, Field(ge=1, le=100)]
    link_days: Annotated[int, Field(ge=1, le=365)]


class Retention(Section):
    """[retention]"""

    letters_days: Days
    mails_days: Days
    tickets_days: Days
    imports_days: Days
    envelopes_days: Days
    audit_days: Days
