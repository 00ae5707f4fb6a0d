"""Test set-up: keeps the checkout itself off sys.path, so that `datasets` is never our folder by accident."""

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[:] = [entry for entry in sys.path if Path(entry or ".").resolve() != ROOT]
