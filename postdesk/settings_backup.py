"""The section of the settings about backups: where they go and when, how many stay, when their age is a fault."""

from pathlib import Path
from typing import Annotated

from pydantic import Field

from postdesk.settings_kinds import Section, TimeOfDay


class Backup(Section):
    """[backup]"""

    folder: str
    at: TimeOfDay
    keep: Annotated[int, Field(ge=1, le=3650)]
    blobs: bool
    warn_hours: Annotated[int, Field(ge=1, le=8760)]
    pg_bin: str

    def at_home(self, home: Path) -> "Backup":
        """The same with an absolute folder, where there is one."""
        return self.model_copy(update={"folder": str(home / self.folder)}) if self.folder else self
