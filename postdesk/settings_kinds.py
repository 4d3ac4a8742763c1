"""Values of the settings that name zones, addresses on the net, networks and servers: what they may be."""

import ipaddress
import re
from datetime import time
from typing import Annotated
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from sqlalchemy.engine import make_url

Port = Annotated[int, Field(ge=0, le=65535)]
Positive = Annotated[int, Field(gt=0)]
ADDRESS = re.compile(r"[^\s<>()\[\],;:\"\\@]+@[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?")


class Section(BaseModel):
    """A table of the settings: nothing unknown in it, and frozen."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def _address(value: str) -> str:
    if not ADDRESS.fullmatch(value):
        raise ValueError("must be a mail address like service@example.com")
    return value.lower()


def _time_zone(value: str) -> str:
    try:
        ZoneInfo(value)
    except (KeyError, ValueError, OSError) as error:
        raise ValueError("must be a zone like Europe/London or UTC") from error
    return value


def _base_url(value: str) -> str:
    parts = urlsplit(value)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
        raise ValueError("must be an address like https://desk.example.com")
    return value.rstrip("/")


def _database_url(value: str) -> str:
    try:
        backend = make_url(value).drivername
    except Exception as error:
        raise ValueError("must be like sqlite:///desk.db or postgresql+psycopg://user@host/name") from error
    if backend not in ("sqlite", "postgresql+psycopg"):
        raise ValueError("must begin with sqlite:/// or postgresql+psycopg://")
    return value


def _network(value: str) -> str:
    try:
        return str(ipaddress.ip_network(value))
    except ValueError as error:
        raise ValueError("must be an address or a network like 192.0.2.25 or 192.0.2.0/28") from error


def _server(value: str) -> str:
    host, port = split_server(value)
    try:
        ipaddress.ip_address(host)
    except ValueError as error:
        raise ValueError("must be like 192.0.2.53, 192.0.2.53:5353 or [2001:db8::53]:5353") from error
    if not 0 < port < 65536:
        raise ValueError("the port must be a number up to 65535")
    return value


def split_server(value: str) -> tuple[str, int]:
    """A DNS server as address and port; port 0 for one that is no number."""
    if value.startswith("["):
        host, _, port = value[1:].partition("]")
    elif value.count(":") == 1:
        host, _, port = value.partition(":")
    else:
        host, port = value, ""
    port = port.removeprefix(":") or "53"
    return host, int(port) if port.isascii() and port.isdigit() and len(port) < 6 else 0


def _time_of_day(value: str) -> str:
    try:
        return time.fromisoformat(value).strftime("%H:%M")
    except ValueError as error:
        raise ValueError("must be a time like 08:00") from error


TimeOfDay = Annotated[str, AfterValidator(_time_of_day)]
Network = Annotated[str, AfterValidator(_network)]
Server = Annotated[str, AfterValidator(_server)]
BaseUrl = Annotated[str, AfterValidator(_base_url)]
TimeZone = Annotated[str, AfterValidator(_time_zone)]
DatabaseUrl = Annotated[str, AfterValidator(_database_url)]
Address = Annotated[str, AfterValidator(_address)]
