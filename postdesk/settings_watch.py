"""The sections of the settings for whoever watches: who sees the figures, where a process says how it is."""

from typing import Annotated

from pydantic import Field, SecretStr

from postdesk.settings_kinds import Network, Port, Section


class Metrics(Section):
    """[metrics]"""

    enabled: bool
    networks: tuple[Network, ...]
    token: SecretStr
    token_file: str
    seconds: Annotated[float, Field(ge=0, le=300)]


class Health(Section):
    """[health]"""

    host: str
    port: Port
