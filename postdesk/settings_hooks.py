"""The settings of webhooks: where messages about tickets go, and which."""

from typing import Annotated

from pydantic import AfterValidator, Field, SecretStr

from desk.hooks import EVENTS
from gateway.hooks import BadHook, check_url, read_secret
from postdesk.settings_kinds import Section


def _url(value: str) -> str:
    check_url(value)  # BadHook is a ValueError, whose words are said
    return value


def _event(value: str) -> str:
    if value not in EVENTS:
        raise ValueError(f"must be one of: {', '.join(EVENTS)}")
    return value


class Webhook(Section):
    """[[webhooks]]"""

    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._ -]{0,59}$")]
    url: Annotated[str, Field(max_length=2000), AfterValidator(_url)]
    secret: SecretStr = SecretStr("")
    secret_file: str = ""
    events: Annotated[tuple[Annotated[str, AfterValidator(_event)], ...], Field(min_length=1)] = EVENTS
    internal: bool = False
    organisation: Annotated[str, Field(max_length=200)] = ""

    def faults(self, place: str) -> list[str]:
        """Faults that only show once secrets are read."""
        secret = self.secret.get_secret_value()
        if not secret:
            return [f"{place}.secret_file: set it, or secret"]
        try:
            read_secret(secret)
        except BadHook as error:
            return [f"{place}.{'secret_file' if self.secret_file else 'secret'}: {error}"]
        return []


def webhook_faults(hooks: tuple[Webhook, ...]) -> list[str]:
    """Faults of all webhooks, seen together."""
    faults = [fault for index, hook in enumerate(hooks) for fault in hook.faults(f"webhooks.{index}")]
    if len({hook.name for hook in hooks}) < len(hooks):
        faults.append("webhooks: names two of them alike")
    return faults
