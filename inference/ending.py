"""How a command ends: one line on stderr and an exit code, also when it is stopped.

Exit codes: 0 done; 1 an error; 2 wrong usage; 3 done, but something could not be read; 130 stopped by Ctrl-C; 143 by
SIGTERM.
"""

import os
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from types import FrameType

import typer

ERROR = 1
UNREAD = 3
"""Exit code of a run that finished without something that could not be read."""
GRACE_S = 1.5
"""A stopped command has this long to end in order; then it ends as if killed."""
NOTHING_KEPT = "nothing was written"


class Stopped(KeyboardInterrupt):
    """A signal asked the command to stop. Like Ctrl-C to all code that it passes through."""

    def __init__(self, number: int) -> None:
        """Name the signal."""
        super().__init__(f"signal {number}")
        self.exit_code = 128 + number


@contextmanager
def one_line_errors(kept: Callable[[], str] = lambda: NOTHING_KEPT) -> Iterator[None]:
    """A block whose errors become one line of stderr and an exit code.

    Errors of Hardstand end with 1, a missing package with 1 and its `pip install` line. Ctrl-C and SIGTERM end the
    process within GRACE_S, whatever it is doing, with 128 + the number of the signal; `kept` says then what became of
    the work.
    """
    from ..detector.errors import HardstandError  # noqa: PLC0415

    stopping = _Stopping(kept)
    try:
        with stopping.heard():
            yield
    except HardstandError as error:
        complain(str(error))
        raise typer.Exit(ERROR) from error
    except ModuleNotFoundError as error:
        if not error.name or error.name.startswith("hardstand"):
            raise
        complain(f"this needs {error.name}, which is not installed: pip install 'hardstand[train]'")
        raise typer.Exit(ERROR) from error
    except KeyboardInterrupt as stop:
        if stopping.first_to_say():
            typer.echo(f"stopped; {kept()}", err=True)
        raise typer.Exit(stop.exit_code if isinstance(stop, Stopped) else 128 + signal.SIGINT) from None


def complain(message: str) -> None:
    """Print an error on one line of stderr."""
    typer.echo(f"error: {' '.join(message.split())}", err=True)


class _Stopping:
    """SIGINT and SIGTERM raise Stopped in the main thread, and GRACE_S later the process ends in any case.

    Python runs a signal's handler only when the main thread is back from what it called, which may be minutes for a
    network or a driver, and waits for threads before it exits. A thread that hears of the signal at once holds the
    deadline. Nothing that is written needs an orderly end: files are whole under their names at every moment.
    """

    def __init__(self, kept: Callable[[], str]) -> None:
        self._kept = kept
        self._unsaid = threading.Lock()

    @contextmanager
    def heard(self) -> Iterator[None]:
        """A block in which the signals are heard; elsewhere than in the main thread nothing is changed."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        receiver, wakeup = socket.socketpair()
        wakeup.setblocking(False)
        threading.Thread(target=self._deadline, args=(receiver,), name="hardstand-stop", daemon=True).start()
        with ExitStack() as restore:
            restore.callback(wakeup.close)  # the thread ends, if it has heard nothing
            restore.callback(signal.set_wakeup_fd, signal.set_wakeup_fd(wakeup.fileno(), warn_on_full_buffer=False))
            for number in (signal.SIGINT, signal.SIGTERM):
                restore.callback(signal.signal, number, signal.signal(number, _stop))
            yield

    def first_to_say(self) -> bool:
        """True for the one caller that says what became of the work."""
        return self._unsaid.acquire(blocking=False)

    def _deadline(self, receiver: socket.socket) -> None:
        with receiver:
            while number := receiver.recv(1):
                if number[0] in (signal.SIGINT, signal.SIGTERM):
                    time.sleep(GRACE_S)
                    if self.first_to_say():  # past sys.stderr, whose lock may be held
                        os.write(2, f"stopped; {self._kept()}\n".encode())
                    os._exit(128 + number[0])


def _stop(number: int, frame: FrameType | None) -> None:
    for each in (signal.SIGINT, signal.SIGTERM):
        signal.signal(each, signal.SIG_IGN)  # impatience does not disturb the ending, which has its deadline
    raise Stopped(number)
