"""The section of the settings about the canary: the mail that the desk sends to itself."""

from typing import Annotated, Literal

from pydantic import Field

from postdesk.settings_kinds import Address, Positive, Section


class Canary(Section):
    """[canary]"""

    every_minutes: Annotated[int, Field(ge=0, le=1440)]
    address: Address | Literal[""]
    sender: Address | Literal[""]
    late_minutes: Positive
