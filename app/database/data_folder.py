"""One owner at a time for a data folder.

Promises that two servers never work in the same data folder: the owner holds an advisory lock (flock) on
`<data>/lock`, and the file names the owner's process. The kernel drops the lock when the last holder ends, however it
ends, so nothing is ever stale. What lies in the folder is the business of others.
"""

import fcntl
import os
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Self

WIND_DOWN_SECONDS = 15.0
POLL_SECONDS = 0.02


class DataFolderInUseError(RuntimeError):
    """Another live process owns the data folder; `pid` is that process, or None when it did not say."""

    def __init__(self, data: Path, pid: int | None) -> None:
        self.data = data
        self.pid = pid
        holder = f"process {pid}" if pid else "another process"
        super().__init__(f"the data folder {data} is in use by {holder}; stop it or choose another folder")


@dataclass
class DataFolder:
    """An owned data folder. `descriptor` may be handed on to a child, which then shares the ownership until it ends."""

    path: Path
    descriptor: int

    @classmethod
    def take(cls, path: Path) -> Self:
        """Create the folder (mode 0700) if missing and own it.

        A dead owner's database may still be winding down and hold the lock; that is waited for, up to
        `WIND_DOWN_SECONDS`.

        Raises:
            DataFolderInUseError: a live process owns it, or the rest of a dead one did not end in time.
        """
        path = path.resolve()
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(path / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        deadline = time.monotonic() + WIND_DOWN_SECONDS
        while not _lock(descriptor):
            pid = _read_pid(descriptor)
            if _is_alive(pid) or time.monotonic() > deadline:
                os.close(descriptor)
                raise DataFolderInUseError(path, pid)
            time.sleep(POLL_SECONDS)
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
        return cls(path, descriptor)

    def release(self) -> None:
        """Give the folder back; safe to call twice."""
        if self.descriptor >= 0:
            os.close(self.descriptor)
            self.descriptor = -1


def _lock(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _read_pid(descriptor: int) -> int | None:
    text = os.pread(descriptor, 32, 0).strip()
    return int(text) if text.isdigit() else None


def _is_alive(pid: int | None) -> bool:
    """An owner that has not written its name yet counts as alive: it has only just come."""
    if pid is None:
        return True
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
