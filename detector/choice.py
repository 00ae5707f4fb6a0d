"""Which back end runs a network here: a fixed order, or what was measured fastest on this machine.

Every candidate is within the accuracy rule: float32 back ends and half precision on a GPU put out the same boxes
within the tolerance of the tests, and int8 and bfloat16 are candidates only where their accuracy was measured and
accepted.
"""

import json
import logging
import os
import platform
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path
from typing import Literal, get_args

from .cache import read_cache, write_cache
from .errors import BackendError
from .weights import WeightRecord, has_export

_log = logging.getLogger("hardstand.detector")

BackendName = Literal["auto", "openvino", "torch", "onnx", "tensorrt"]
Precision = Literal["auto", "fp32", "fp16", "bf16", "int8"]

CHOICES_FILE = "choices.json"
_DEVICES = {"openvino": ("cpu",), "onnx": ("cpu",), "tensorrt": ("cuda",)}
_PRECISIONS = {
    "openvino": ("fp32", "bf16", "int8"),
    "onnx": ("fp32",),
    "tensorrt": ("fp32",),
    "torch": ("fp32", "fp16"),
}
_PACKAGES = ("openvino", "onnxruntime", "onnxruntime-gpu", "torch")


@dataclass(frozen=True, slots=True)
class Choice:
    """A back end, the device it runs on and the precision of its arithmetic."""

    backend: str
    device: str
    precision: str

    def __str__(self) -> str:
        """As it is printed: "openvino cpu int8"."""
        return f"{self.backend} {self.device} {self.precision}"


def accepted(path: Path, record: WeightRecord, precision: str) -> bool:
    """True where the record says that "int8" or "bf16" was accepted, and the export that it needs is there."""
    there = precision != "int8" or has_export(path, "openvino-int8")
    return there and bool(record.metrics.get(precision, {}).get("accepted"))


def rest_in_bf16(record: WeightRecord, precision: str) -> bool:
    """Whether OpenVINO calculates in bfloat16 what its graph has in floating point.

    In bf16 always. In int8 where the record says that this was accepted so, and the processor multiplies bfloat16: a
    tile takes a twelfth less time then.
    """
    said = record.metrics.get(precision, {}).get("rest")
    return precision == "bf16" or (precision == "int8" and said == "bf16" and multiplies_bf16())


def candidates(path: Path, record: WeightRecord) -> list[Choice]:
    """What can run these weights here, in the fixed order: the first is taken where nothing was measured.

    A core installation has OpenVINO alone: in int8 and in bfloat16 where that was accepted and, for bfloat16, the
    processor multiplies it; bfloat16 comes first where the processor is made for it.
    """
    found = [Choice("torch", "cuda", "fp16"), Choice("torch", "cuda", "fp32")] if torch_sees_cuda() else []
    found += [Choice("openvino", "cpu", precision) for precision in _openvino_precisions(path, record)]
    if has_export(path, "onnx") and find_spec("onnxruntime") is not None:
        found.append(Choice("onnx", "cpu", "fp32"))
    if find_spec("torch") is not None and find_spec("ultralytics") is not None:
        found.append(Choice("torch", "cpu", "fp32"))
    return found


def choose(
    path: Path,
    record: WeightRecord,
    *,
    backend: BackendName = "auto",
    device: str = "auto",
    precision: Precision = "auto",
    threads: int | None = None,
) -> Choice:
    """What runs these weights: what is named, and for the rest what was measured fastest here, else the fixed order.

    Measurements (`remember`) count only where `backend` is "auto". Nothing is measured here: it would keep the first
    result waiting.

    Raises:
        BackendError: what is named does not go together, or int8 or bf16 is named where it was not accepted.
    """
    check_names(backend, device, precision)
    if precision in ("int8", "bf16") and not accepted(path, record, precision):
        what = "int8 export" if precision == "int8" else "accuracy in bf16"
        raise BackendError(f"{record.name} has no accepted {what}; use precision fp32, or see: hardstand quantise")
    if backend == "torch" or (backend == "auto" and device not in ("auto", "cpu")):
        return torch_choice(device, precision)
    if backend != "auto":
        return Choice(backend, _DEVICES[backend][0], _precision(path, record, backend, precision))
    every = candidates(path, record)
    fitting = [each for each in every if device in ("auto", each.device) and precision in ("auto", each.precision)]
    if not fitting:
        raise BackendError(f"nothing here runs {record.name} in {precision} on device {device!r}; use precision auto")
    speeds = recall_speeds(record, every, threads=threads)
    measured = [each for each in fitting if str(each) in speeds]
    return max(measured, key=lambda each: speeds[str(each)]) if measured else fitting[0]


def check_names(backend: str, device: str, precision: str) -> None:
    """Raise BackendError for names that do not exist or do not go together."""
    if backend not in get_args(BackendName):
        raise BackendError(f"no back end {backend!r}; expected one of {', '.join(get_args(BackendName))}")
    if precision not in get_args(Precision):
        raise BackendError(f"no precision {precision!r}; expected one of {', '.join(get_args(Precision))}")
    devices, precisions = _DEVICES.get(backend), _PRECISIONS.get(backend)
    if devices is not None and device not in ("auto", *devices):
        raise BackendError(f"the {backend} back end runs on {devices[0]!r}, not on {device!r}; use backend 'torch'")
    if precisions is not None and precision not in ("auto", *precisions):
        raise BackendError(f"the {backend} back end runs in {' or '.join(precisions)}, not in {precision}")


def _precision(path: Path, record: WeightRecord, backend: str, precision: str) -> str:
    if precision != "auto":
        return precision
    return _openvino_precisions(path, record)[0] if backend == "openvino" else "fp32"


def _openvino_precisions(path: Path, record: WeightRecord) -> list[str]:
    """What OpenVINO may run these weights in here, fastest first, as far as is known without measuring."""
    fast = ["int8", "bf16"] if multiplies_bf16() else ["int8"]
    if made_for_bf16():
        fast.reverse()
    return [precision for precision in fast if accepted(path, record, precision)] + ["fp32"]


def torch_choice(device: str, precision: str) -> Choice:
    """PyTorch on a device, in half precision on an NVIDIA GPU unless another is named; raises BackendError for int8
    and bf16, which are OpenVINO's.
    """
    from .torch_backend import pick_device  # noqa: PLC0415  # optional

    if precision in ("int8", "bf16"):
        raise BackendError(
            f"{precision} runs on the processor, not on device {device!r}; use device cpu, or precision auto"
        )
    place = pick_device(device)
    automatic = "fp16" if place.startswith("cuda") else "fp32"
    return Choice("torch", place, automatic if precision == "auto" else precision)


def recall_speeds(record: WeightRecord, every: Sequence[Choice], *, threads: int | None = None) -> dict[str, float]:
    """Tiles per second by candidate as `remember` kept them for this network, these candidates and this machine."""
    kept = read_cache(CHOICES_FILE).get(_key(record, every, threads), {})
    return {str(name): float(speed) for name, speed in kept.items()} if isinstance(kept, dict) else {}


def remember(
    record: WeightRecord, every: Sequence[Choice], speeds: Mapping[Choice, float], *, threads: int | None = None
) -> bool:
    """Keep measured tiles per second for `choose`; false where the cache cannot be written."""
    kept = read_cache(CHOICES_FILE)
    kept[_key(record, every, threads)] = {str(choice): round(speed, 3) for choice, speed in speeds.items()}
    return write_cache(CHOICES_FILE, kept)


def _key(record: WeightRecord, every: Sequence[Choice], threads: int | None) -> str:
    """What a measurement holds for: parameters, candidates and their versions, processor, threads."""
    names = sorted(map(str, every))
    parts = [record.params_sha256, record.tile_px, names, _versions(), processor(), threads or os.cpu_count()]
    return sha256(json.dumps(parts).encode()).hexdigest()[:32]


def _versions() -> list[str]:
    found = []
    for package in _PACKAGES:
        try:
            found.append(f"{package} {version(package)}")
        except PackageNotFoundError:
            continue
    return found


def multiplies_bf16() -> bool:
    """True where the processor multiplies in bfloat16 (AVX-512 BF16 or AMX), twice as fast as in float32 or faster."""
    return _can("avx512_bf16") or made_for_bf16()


def made_for_bf16() -> bool:
    """True where the processor multiplies whole tiles in bfloat16 (AMX), as fast as in int8 or faster."""
    return _can("amx_bf16")


def _can(instructions: str) -> bool:
    """True where the system says that the processor has these."""
    return any(line.startswith("flags") and instructions in line.split() for line in _cpuinfo())


def _cpuinfo() -> list[str]:
    try:
        return Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return []


def processor() -> str:
    """What kind of processor this is: its model where the system says it, and a digest of its instruction sets."""
    lines = _cpuinfo()
    if not lines:
        return f"{platform.machine()} {platform.processor()}"
    wanted = ("model name", "flags", "Features")
    said = dict.fromkeys(line for line in lines if line.startswith(wanted))
    name = next((line.split(":", 1)[1].strip() for line in said if line.startswith("model name")), platform.machine())
    return f"{name} {sha256(''.join(said).encode()).hexdigest()[:8]}"


def torch_sees_cuda() -> bool:
    """True where an NVIDIA driver and a PyTorch that can use it are there; says so where only the driver is."""
    if shutil.which("nvidia-smi") is None and not Path("/proc/driver/nvidia/version").exists():
        return False
    if find_spec("torch") is None or find_spec("ultralytics") is None:
        _log.warning('an NVIDIA GPU is here but not used; for it: pip install "hardstand[gpu]"')
        return False
    from .torch_backend import pick_device  # noqa: PLC0415  # optional

    return pick_device() == "cuda"
