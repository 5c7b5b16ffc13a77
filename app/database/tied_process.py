"""Child processes that never outlive their parent.

Promises that a program started here gets SIGTERM when this process ends in any way, `kill -9` included. Linux ties
that signal to the *thread* that started the child, so a keeper thread starts it and lives as long as it does. On other
systems the child is only stopped by whoever started it.
"""

import os
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from queue import SimpleQueue
from typing import IO

# Runs in the child before the program itself: asks for the signal, checks that the parent did not die just before,
# becomes the program. Not preexec_fn, which may deadlock in a process with threads. PR_SET_PDEATHSIG is 1, SIGTERM 15.
_LAUNCHER = """
import os, sys
if sys.platform == "linux":
    import ctypes
    ctypes.CDLL(None).prctl(1, 15)
if os.getppid() != int(sys.argv[1]):
    sys.exit(1)
os.execv(sys.argv[2], sys.argv[2:])
"""


def spawn_tied(
    command: Sequence[str],
    *,
    output: IO[bytes] | int | None = None,
    pass_fds: Sequence[int] = (),
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
) -> subprocess.Popen[bytes]:
    """Start `command` (absolute program path first) in a session of its own, so that Ctrl-C reaches only this process.

    Raises:
        OSError: the launcher could not be started.
    """
    launch = [sys.executable, "-I", "-S", "-c", _LAUNCHER, str(os.getpid()), *command]
    answer: SimpleQueue[subprocess.Popen[bytes] | OSError] = SimpleQueue()

    def keep() -> None:
        try:
            process = subprocess.Popen(  # noqa: S603 - an argument list of our own, no shell
                launch,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                pass_fds=pass_fds,
                env=env,
                cwd=cwd,
                start_new_session=True,
            )
        except OSError as error:
            answer.put(error)
            return
        answer.put(process)
        process.wait()

    threading.Thread(target=keep, name=f"keeper of {Path(command[0]).name}", daemon=True).start()
    result = answer.get()
    if isinstance(result, OSError):
        raise result
    return result


def stop(process: subprocess.Popen[bytes], grace_seconds: float) -> int:
    """Ask the process to end, kill it after `grace_seconds`, and return its exit code."""
    process.terminate()
    try:
        return process.wait(grace_seconds)
    except subprocess.TimeoutExpired:
        process.kill()
        return process.wait()
