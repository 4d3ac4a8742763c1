"""Whether a process of this machine lives."""

from pathlib import Path


def is_alive(pid: int) -> bool:
    """False for a zombie too: orphans stay in the table until init reaps them, which in a container may be never."""
    try:
        # proc_pid_stat(5): the state is the first word behind the name, which may itself hold brackets.
        return Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()[0] not in (b"Z", b"X")
    except (FileNotFoundError, ProcessLookupError):
        return False
