"""The ledger: how many mails were accepted, and how many became what, changed with the rows that they count."""

from sqlalchemy import Connection, bindparam, update

from store.tables import Tally, core

_TALLY = core(Tally).c
# Made once: what takes mail and what handles it run it for each group and batch, and those are often one mail.
_COUNTED = update(core(Tally)).where(_TALLY.name == bindparam("tally")).values(value=_TALLY.value + bindparam("more"))


def count(connection: Connection, name: str, more: int) -> None:
    """So many more under this name, `accepted` or a kind of disposition; fewer where it is negative."""
    connection.execute(_COUNTED, {"tally": name, "more": more})
