"""What a server shows of runs that others record: at once, and without being started again."""

from __future__ import annotations

import json
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from mlgit import MlgitClient
from mlgit.store.store import Store
from mlgit.where import parse_uri
from tests.mlflow.serving import server
from tests.support.repos import git

pytestmark = pytest.mark.full
WRITER = """
import sys
from mlgit import MlgitClient
client = MlgitClient(sys.argv[1])
run_id = client.create_run("0", run_name="under-way").info.run_id
for line in sys.stdin:
    client.log_metric(run_id, "loss", float(line), step=int(float(line)))
    print(run_id, flush=True)
"""


@pytest.fixture
def url(ours: MlgitClient, tmp_path: Path) -> Iterator[str]:
    pytest.importorskip("mlflow")
    with server(ours.tracking_uri, tmp_path / "server.txt") as found:
        yield found


def get(url: str) -> Any:
    with urllib.request.urlopen(url) as reply:
        return json.load(reply)


def runs(url: str, ids: list[str]) -> list[Any]:
    body = json.dumps({"experiment_ids": ids, "max_results": 100}).encode()
    asked = urllib.request.Request(
        f"{url}/api/2.0/mlflow/runs/search", body, {"Content-Type": "application/json"}
    )
    return list(get(asked).get("runs", []))  # type: ignore[arg-type]


def test_the_chart_of_a_run_under_way_moves(url: str, ours: MlgitClient) -> None:
    argv = [sys.executable, "-c", WRITER, ours.tracking_uri]
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as writer:
        assert writer.stdin is not None
        assert writer.stdout is not None
        for step in range(4):
            writer.stdin.write(f"{step}\n")
            writer.stdin.flush()
            run_id = writer.stdout.readline().strip()
            chart = f"{url}/ajax-api/2.0/mlflow/metrics/get-history-bulk-interval"
            for _ in range(4):  # whichever worker answers
                found = get(f"{chart}?metric_key=loss&run_ids={run_id}")["metrics"]
                assert [point.get("step", 0) for point in found] == list(range(step + 1))
        writer.stdin.close()
    (run,) = runs(url, ["0"])
    assert run["info"]["run_name"] == "under-way"


def test_what_a_pull_brings_is_shown(url: str, ours: MlgitClient, tmp_path: Path) -> None:
    place = parse_uri(ours.tracking_uri)
    assert place is not None
    hub, other = tmp_path / "hub.git", tmp_path / "other"
    git(tmp_path, "clone", "-q", "--bare", str(place), str(hub), check=True)
    git(tmp_path, "clone", "-q", str(hub), str(other), check=True)
    git(place, "remote", "add", "origin", str(hub), check=True)
    assert runs(url, ["0"]) == []
    store = Store.init(other).store
    there = MlgitClient(other)
    run_id = there.create_run("0", run_name="from-elsewhere").info.run_id
    there.log_metric(run_id, "acc", 0.9)
    there.set_terminated(run_id)
    store.close()
    git(other, "push", "-q", "origin", "mlgit", check=True)
    git(place, "fetch", "-q", "origin", "+mlgit:mlgit", check=True)
    for _ in range(4):
        (run,) = runs(url, ["0"])
        assert (run["info"]["run_id"], run["info"]["run_name"]) == (run_id, "from-elsewhere")


def test_a_servers_own_code_is_not_the_runs(url: str, ours: MlgitClient) -> None:
    body = json.dumps({"experiment_id": "0", "run_name": "remote", "start_time": 1}).encode()
    asked = urllib.request.Request(
        f"{url}/api/2.0/mlflow/runs/create", body, {"Content-Type": "application/json"}
    )
    run_id = get(asked)["run"]["info"]["run_id"]  # type: ignore[arg-type]
    record = ours.tracker.view(run_id).run
    assert (record.code.commit, record.host, record.source.command) == ("", "", "")
