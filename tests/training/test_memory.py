"""Memory that a training process keeps."""

import platform
import subprocess
import sys

import pytest

from hardstand.training.memory import keep_freed_memory

FAULTS = """
import resource
import numpy as np
from hardstand.training.memory import keep_freed_memory

def faults():
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(8):
        np.ones(8_000_000)
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before

as_it_is = faults()
assert keep_freed_memory()
faults()
print(as_it_is, faults())
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="the C library is not glibc")
def test_freed_memory_is_taken_again_without_asking_the_system() -> None:
    run = subprocess.run([sys.executable, "-c", FAULTS], capture_output=True, text=True, check=True)
    as_it_is, kept = map(int, run.stdout.split())
    assert kept < 0.01 * as_it_is


def test_another_c_library_stays_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(platform, "libc_ver", lambda: ("", ""))
    assert not keep_freed_memory()
