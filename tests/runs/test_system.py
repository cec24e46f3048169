from __future__ import annotations

import sys
import time

import pytest

from mlgit.errors import MissingExtra
from mlgit.runs import begin, system
from mlgit.store.store import Store
from tests.runs.helpers import published

pytest.importorskip("psutil")


def test_the_machine_is_measured_under_mlflows_names(store: Store) -> None:
    active = begin.start(store, "churn")
    sampler = system.sampler(active, seconds=0.02)
    sampler.start()
    time.sleep(0.1)
    sampler.stop()
    sampler.stop()
    active.finish()
    metrics = published(store, active.id)[1].metrics
    wanted = ["cpu_utilization_percentage", "system_memory_usage_megabytes"]
    wanted += ["system_memory_usage_percentage", "disk_usage_megabytes", "disk_usage_percentage"]
    wanted += ["disk_available_megabytes", "network_receive_megabytes"]
    assert {f"system/{name}" for name in wanted} <= set(metrics)
    memory = metrics["system/system_memory_usage_megabytes"]
    assert memory.last > 1
    assert memory.step == memory.points - 1


def test_a_node_has_keys_of_its_own(store: Store) -> None:
    active = begin.start(store, "churn")
    sampler = system.sampler(active, seconds=10, node="worker1")
    sampler.start()
    sampler.stop()
    active.finish()
    assert "system/worker1/cpu_utilization_percentage" in published(store, active.id)[1].metrics


def test_a_reader_that_fails_ends_nothing_and_the_end_of_the_run_ends_it(store: Store) -> None:
    active = begin.start(store, "churn")
    calls = 0

    def read() -> dict[str, float]:
        nonlocal calls
        calls += 1
        if calls == 1:
            raise RuntimeError("no driver")
        return {"system/x": 1.0}

    sampler = system.SystemSampler(active, read, 0.01)
    sampler.start()
    deadline = time.monotonic() + 30
    while calls < 3 and time.monotonic() < deadline:
        time.sleep(0.01)
    active.finish()
    sampler._thread.join(30)
    assert not sampler._thread.is_alive()
    assert published(store, active.id)[1].metrics["system/x"].last == 1.0


def test_without_psutil_the_extra_is_named(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    active = begin.start(store, "churn")
    monkeypatch.setitem(sys.modules, "psutil", None)
    with pytest.raises(MissingExtra) as caught:
        system.sampler(active)
    assert caught.value.hint == 'pip install "mlgit[system]"'
    active.finish()
