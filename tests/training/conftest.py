"""The training room's tests need PyTorch; without it they are skipped, with the reason."""

import importlib.util

collect_ignore_glob = [] if importlib.util.find_spec("torch") else ["test_*.py"]
