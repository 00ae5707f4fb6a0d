"""The most memory that a `hardstand` command holds, measured in a process of its own.

`python -P -m hardstand.inference.peak COMMAND...` runs the command and prints its peak as the last line of stderr.
"""

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from ..detector.errors import HardstandError

_MARK = "peak bytes"


def peak_bytes() -> int:
    """The most physical memory that this process has held, in bytes.

    Linux: VmHWM, which starts anew with the program; what `getrusage` says there includes the parent process. Else:
    `getrusage`. Raises HardstandError where the system tells neither.
    """
    status = Path("/proc/self/status")
    if status.exists():
        for line in status.read_text(encoding="ascii", errors="replace").splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    try:
        import resource  # noqa: PLC0415  # not on Windows
    except ModuleNotFoundError as error:
        raise HardstandError("this system does not tell a process its peak memory; run bench on Linux") from error
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most if sys.platform == "darwin" else most * 1024


def command_peak(command: Sequence[str]) -> int:
    """Peak memory in bytes of a `hardstand` command, run as a process of its own.

    Raises HardstandError with the command's last words where it fails.
    """
    line = [sys.executable, "-P", "-m", "hardstand.inference.peak", *command]
    done = subprocess.run(line, capture_output=True, text=True, check=False)
    words = done.stderr.strip().splitlines()
    if not words or not words[-1].startswith(_MARK):
        raise HardstandError(f"hardstand {' '.join(command)} failed: {words[-1] if words else 'it said nothing'}")
    return int(words[-1].removeprefix(_MARK))


def main() -> None:
    """Run the command line in this process, then say its peak; the exit code is the command's."""
    from .cli import main as run  # noqa: PLC0415  # the command line starts here and nowhere else
    from .ending import UNREAD  # noqa: PLC0415

    code: str | int | None = 0
    try:
        run()
    except SystemExit as end:
        code = end.code
    if code in (0, None, UNREAD):
        print(_MARK, peak_bytes(), file=sys.stderr)
    sys.exit(code)


if __name__ == "__main__":
    main()
