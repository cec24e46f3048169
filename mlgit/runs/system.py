"""Measuring the machine while a run goes on, under MLflow's names."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mlgit import times
from mlgit.errors import InvalidState, MissingExtra

if TYPE_CHECKING:
    from mlgit.runs.metric_log import MetricLog

INTERVAL_SECONDS = 10.0
_MEGA = 1e6
_Reader = Callable[[], dict[str, float]]


class SystemSampler:
    """A thread that logs `system/…` metrics to a run until it is stopped or the run is over.

    The step of a sample is its number, from 0.
    """

    def __init__(self, run: MetricLog, read: _Reader, seconds: float = INTERVAL_SECONDS) -> None:
        self._run = run
        self._read = read
        self._seconds = seconds
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._loop, name="mlgit-system", daemon=True)

    def start(self) -> None:
        """Begin to measure."""
        self._thread.start()

    def stop(self) -> None:
        """Take a last sample and end; idempotent."""
        if self._thread.is_alive():
            self._stop.set()
            self._thread.join(self._seconds)

    def _loop(self) -> None:
        step = 0
        last = False
        while not last:
            last = self._stop.wait(self._seconds)
            try:
                self._run.log_metrics(self._read(), step, times.now_ms())
            except InvalidState:  # the run is over
                return
            except Exception:
                # A driver that fails must not end the thread of somebody's training.
                continue
            step += 1


def sampler(run: MetricLog, seconds: float = INTERVAL_SECONDS, node: str = "") -> SystemSampler:
    """A sampler of this machine for a run, not yet started.

    Args:
        run: Where the samples go.
        seconds: Time between two samples.
        node: Name of this machine among several: the keys become `system/<node>/…`.

    Raises:
        MissingExtra: psutil is not installed.
    """
    try:
        import psutil
    except ImportError as error:
        raise MissingExtra(
            "measuring the machine needs psutil", hint='pip install "mlgit[system]"'
        ) from error
    prefix = f"system/{node}/" if node else "system/"
    readers = [_processor_and_memory(psutil), _disk(psutil), _network(psutil), *_gpus()]

    def read() -> dict[str, float]:
        return {f"{prefix}{key}": value for reader in readers for key, value in reader().items()}

    return SystemSampler(run, read, seconds)


def _processor_and_memory(psutil: Any) -> _Reader:
    psutil.cpu_percent()  # the first call only sets the point from which the next one counts

    def read() -> dict[str, float]:
        memory = psutil.virtual_memory()
        return {
            "cpu_utilization_percentage": psutil.cpu_percent(),
            "system_memory_usage_megabytes": memory.used / _MEGA,
            "system_memory_usage_percentage": memory.percent,
        }

    return read


def _disk(psutil: Any) -> _Reader:
    root = Path.cwd().anchor

    def read() -> dict[str, float]:
        disk = psutil.disk_usage(root)
        return {
            "disk_usage_megabytes": disk.used / _MEGA,
            "disk_usage_percentage": disk.percent,
            "disk_available_megabytes": disk.free / _MEGA,
        }

    return read


def _network(psutil: Any) -> _Reader:
    before = psutil.net_io_counters()

    def read() -> dict[str, float]:
        now = psutil.net_io_counters()
        return {
            "network_receive_megabytes": (now.bytes_recv - before.bytes_recv) / _MEGA,
            "network_transmit_megabytes": (now.bytes_sent - before.bytes_sent) / _MEGA,
        }

    return read if before is not None else dict


def _gpus() -> Iterator[_Reader]:
    """A reader for each NVIDIA device; none without the driver or `pynvml`."""
    try:
        import pynvml

        pynvml.nvmlInit()
        count = pynvml.nvmlDeviceGetCount()
    except Exception:  # the binding raises its own kinds, and not only those
        return
    for index in range(count):
        yield _gpu(pynvml, index)


def _gpu(pynvml: Any, index: int) -> _Reader:
    device = pynvml.nvmlDeviceGetHandleByIndex(index)

    def read() -> dict[str, float]:
        memory = pynvml.nvmlDeviceGetMemoryInfo(device)
        power = pynvml.nvmlDeviceGetPowerUsage(device) / 1000
        limit = pynvml.nvmlDeviceGetEnforcedPowerLimit(device) / 1000
        values = {
            "utilization_percentage": pynvml.nvmlDeviceGetUtilizationRates(device).gpu,
            "memory_usage_megabytes": memory.used / _MEGA,
            "memory_usage_percentage": 100 * memory.used / memory.total,
            "power_usage_watts": power,
            "power_usage_percentage": 100 * power / limit if limit else 0.0,
        }
        return {f"gpu_{index}_{name}": float(value) for name, value in values.items()}

    return read
