"""The guarded server's process: started without a shell, in a group of its own, with none of our variables."""

from __future__ import annotations

import os
import signal

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

OURS = "KANONIV_"
# Python ignores these two; a child expects to find them as the system has them
_RESTORED = (signal.SIGPIPE, signal.SIGXFSZ)
_SIGNALLED = 128


class Child:
    """One process and its two pipes. to, out: descriptors that do not block, of its stdin and its stdout."""

    __slots__ = ("_pid", "_status", "out", "to")

    out: int
    to: int

    def __init__(self, command: Sequence[str], environ: Mapping[str, str]) -> None:
        """Start it. Raises: OSError when it cannot be."""
        theirs_in, self.to = os.pipe()
        self.out, theirs_out = os.pipe()
        self._status: int | None = None
        try:
            self._pid = os.posix_spawnp(
                command[0],
                list(command),
                {name: value for name, value in environ.items() if not name.startswith(OURS)},
                file_actions=[
                    (os.POSIX_SPAWN_DUP2, theirs_in, 0),
                    (os.POSIX_SPAWN_DUP2, theirs_out, 1),
                ],
                setpgroup=0,
                setsigdef=_RESTORED,
            )
        except BaseException:
            os.close(self.to)
            os.close(self.out)
            raise
        finally:
            os.close(theirs_in)
            os.close(theirs_out)
        os.set_blocking(self.to, False)
        os.set_blocking(self.out, False)

    def status(self) -> int | None:
        """Its exit status as a shell says it; None while it runs."""
        if self._status is None:
            self._status = self._look()
        return self._status

    def _look(self) -> int | None:
        if not hasattr(os, "waitid"):  # macOS: from Python 3.13 on
            pid, status = os.waitpid(self._pid, os.WNOHANG)
            code = os.waitstatus_to_exitcode(status)
            return None if not pid else code if code >= 0 else _SIGNALLED - code
        # left as a zombie, so that its number, and its group's, cannot become another's
        found = os.waitid(os.P_PID, self._pid, os.WEXITED | os.WNOHANG | os.WNOWAIT)
        if found is None:
            return None
        return found.si_status + (0 if found.si_code == os.CLD_EXITED else _SIGNALLED)

    def signal(self, number: int) -> None:
        """Send a signal to it and to all it has started; nothing when none of them is left."""
        for send in self._senders():
            try:
                send(self._pid, number)
            except (ProcessLookupError, PermissionError):
                continue  # macOS says so of a group of zombies

    def _senders(self) -> list[Callable[[int, int], None]]:
        """Whom a signal goes to: the group, and the process itself when it has left that for another one."""
        try:
            left = self._status is None and os.getpgid(self._pid) != self._pid
        except ProcessLookupError:
            left = False
        return [os.killpg, os.kill] if left else [os.killpg]

    def end(self) -> None:
        """Leave nothing of it behind."""
        self.signal(signal.SIGKILL)
        for fd in (self.to, self.out):
            if fd >= 0:
                os.close(fd)
        self.to = self.out = -1
        if hasattr(os, "waitid"):
            os.waitpid(self._pid, 0)
