"""The sections of the settings about mail that goes out: the relay, when to try again and when to give up."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, SecretStr

from postdesk.settings_kinds import Port, Section


class Relay(Section):
    """[relay]"""

    mode: Literal["maildir", "smtp"]
    folder: Path
    host: str
    port: Port
    tls: Literal["tls", "starttls", "none"]
    tls_ca: str
    user: str
    password: SecretStr
    password_file: str
    connections: Annotated[int, Field(ge=1, le=64)]
    timeout_seconds: Annotated[float, Field(gt=0, le=600)]


class Delivery(Section):
    """[delivery]"""

    give_up_days: Annotated[float, Field(gt=0, le=30)]
    fold_seconds: Annotated[float, Field(ge=0, le=3600)]
