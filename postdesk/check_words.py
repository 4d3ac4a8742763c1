"""What `postdesk check` says of relays that do not answer as they should, and of what is worth knowing."""

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from postdesk.settings_out import RelayServer

_NO_TLS = re.compile(r"WRONG_VERSION_NUMBER|wrong version number|RECORD_LAYER_FAILURE", re.IGNORECASE)
_NO_NAME = re.compile(
    r"\[Errno -\d+\]|Name or service not known|Temporary failure in name resolution|No address associated"
)


class Note(str):
    """Works as the settings say, and is worth knowing."""

    __slots__ = ()


def of_relay(server: "RelayServer", fault: str) -> str:
    """Where, what, and what to try; errors of the system's libraries name neither host nor setting."""
    where = f"{server.host}:{server.port}"
    if _NO_TLS.search(fault):
        other = 'tls = "starttls"' if server.tls == "tls" else "another port"
        return f"{where} does not speak TLS at once. Try {other}: most have tls at port 465, starttls at 587"
    if _NO_NAME.search(fault):
        return f"there is no address of {server.host} in DNS. Look at its host, and whether DNS answers this machine"
    return f"{where}: {fault}"
