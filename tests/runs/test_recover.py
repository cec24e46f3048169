"""Processes that die, for real: what they were told is kept is on the branch afterwards."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from mlgit import times
from mlgit.records.run import RunStatus
from mlgit.runs import begin, journals, process_identity
from mlgit.runs.begin import RunRequest
from mlgit.runs.checkpoints import CheckpointPolicy
from mlgit.runs.journal_records import pack_header
from mlgit.runs.live_view import LiveView
from mlgit.runs.recover import recover
from mlgit.store.store import Store
from tests.runs.helpers import commits, published, python
from tests.support.forking import in_child

# A child of a background job begins with SIGINT ignored; a person's terminal does not.
LOOP = """
import signal
signal.signal(signal.SIGINT, signal.default_int_handler)
from mlgit.runs import begin
from mlgit.store.store import Store
active = begin.start(Store.open(), "churn", begin.RunRequest(tags={"team": "blue"}))
active.log_params({"lr": 0.1})
active.add_bytes(b"weights", "model.txt")
print(active.id)
step = 0
while True:
    active.log_metric("loss", 1 / (step + 1), step)
    if step % 10 == 0:
        active.log_metrics({"acc": 0.5, "f1": 0.25}, step)
    print(step)
    step += 1
"""


def line(child: subprocess.Popen[str]) -> str:
    assert child.stdout is not None
    return child.stdout.readline().strip()


def killed(child: subprocess.Popen[str], sent: signal.Signals) -> list[str]:
    """End a child by a signal; the whole lines that it had still printed."""
    assert child.stdout is not None
    child.send_signal(sent)
    # communicate() alone would begin in the middle of what readline() had already buffered.
    said = child.stdout.read()
    child.communicate(timeout=60)
    return said.split("\n")[:-1]


@pytest.mark.parametrize("sent", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_every_acknowledged_point_of_a_killed_process_is_recovered(
    store: Store, repo: Path, sent: signal.Signals
) -> None:
    child = python(LOOP, cwd=repo)
    run_id = line(child)
    steps = [int(line(child)) for _ in range(300)]
    steps += [int(text) for text in killed(child, sent)]
    [done] = recover(store)
    assert (done.run_id, done.problem) == (run_id, None)
    folder, run = published(store, run_id)
    assert run.status is RunStatus.FAILED
    assert run.end is not None
    assert run.start <= run.end <= times.now_ms()
    assert (run.params, run.tags) == ({"lr": "0.1"}, {"team": "blue"})
    assert store.snapshot().read(f"{folder}/files/model.txt") == b"weights"
    points = store.snapshot().points(folder)
    assert set(steps) <= {point.step for point in points if point.key == "loss"}
    assert {s for s in steps if s % 10 == 0} <= {p.step for p in points if p.key == "f1"}
    assert recover(store) == []


def test_a_live_run_of_another_process_is_never_taken(store: Store, repo: Path) -> None:
    count = commits(store)
    child = python(LOOP, cwd=repo)
    run_id = line(child)
    line(child)
    try:
        for _ in range(5):
            assert recover(store, include_foreign=True) == []
        os.kill(child.pid, signal.SIGSTOP)
        assert recover(store) == []
        assert [(run.id, run.status) for run in LiveView(store).runs()] == [
            (run_id, RunStatus.RUNNING)
        ]
        os.kill(child.pid, signal.SIGCONT)
        assert commits(store) == count
    finally:
        killed(child, signal.SIGKILL)


def test_a_killed_process_that_nobody_waited_for_is_dead(store: Store, repo: Path) -> None:
    child = python(LOOP, cwd=repo)
    run_id = line(child)
    line(child)
    os.kill(child.pid, signal.SIGKILL)
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)  # it is a zombie now
    assert [done.run_id for done in recover(store)] == [run_id]
    child.communicate()


def test_our_own_run_is_not_taken(store: Store) -> None:
    active = begin.start(store, "churn")
    active.log_metric("m", 1.0)
    assert recover(store) == []
    active.finish()


RESUMED = """
import sys
from mlgit.runs import begin
from mlgit.store.store import Store
active = begin.resume(Store.open(), sys.argv[1])
print("ready")
step = 0
for text in sys.stdin:
    active.log_metric(sys.argv[2], float(text), step)
    step += 1
    print(step)
active.finish()
"""


def test_two_processes_log_to_one_run(store: Store, repo: Path) -> None:
    active = begin.start(store, "churn")
    children = [
        subprocess.Popen(
            [sys.executable, "-u", "-c", RESUMED, active.id, f"rank{number}"],
            cwd=repo,
            text=True,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        for number in (1, 2)
    ]
    for number in range(50):
        active.log_metric("rank0", number, number)
        for child in children:
            assert child.stdin is not None
            child.stdin.write(f"{number}\n")
            child.stdin.flush()
    for child in children:
        child.communicate()
        assert child.returncode == 0
    active.finish()
    folder, run = published(store, active.id)
    assert run.status is RunStatus.FINISHED
    assert {key: run.metrics[key].points for key in run.metrics} == dict.fromkeys(
        ("rank0", "rank1", "rank2"), 50
    )
    assert len(store.snapshot().points(folder)) == 150


def test_a_rank_that_dies_does_not_fail_a_run_that_ends_well_later(
    store: Store, repo: Path
) -> None:
    active = begin.start(store, "churn")
    child = subprocess.Popen(
        [sys.executable, "-u", "-c", RESUMED, active.id, "rank1"],
        cwd=repo,
        text=True,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert child.stdin is not None
    child.stdin.write("7\n")
    child.stdin.flush()
    assert [line(child), line(child)] == ["ready", "1"]
    killed(child, signal.SIGKILL)
    time.sleep(0.01)
    active.log_metric("rank0", 1.0)
    active.finish()
    run = published(store, active.id)[1]
    assert run.status is RunStatus.FINISHED
    assert run.metrics["rank1"].last == 7.0


def test_what_a_child_logs_after_its_parent_has_ended_is_recovered(
    store: Store, repo: Path
) -> None:
    program = """
import os, sys, time
from mlgit.runs import begin
from mlgit.store.store import Store
active = begin.start(Store.open(), "churn")
active.log_metric("parent", 1.0)
print(active.id)
if os.fork() == 0:
    active.log_metric("child", 1.0, 0)
    sys.stdin.readline()
    active.log_metric("child", 2.0, 1)
    os._exit(0)
time.sleep(0.2)
active.finish()
"""
    child = subprocess.Popen(
        [sys.executable, "-u", "-c", program],
        cwd=repo,
        text=True,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    run_id = line(child)
    child.wait(60)
    assert recover(store) == []
    assert published(store, run_id)[1].status is RunStatus.FINISHED
    assert "child" not in published(store, run_id)[1].metrics
    child.communicate("go\n")
    for _ in range(500):
        if recover(store):
            break
        time.sleep(0.01)
    run = published(store, run_id)[1]
    assert (run.status, run.metrics["child"].points) == (RunStatus.FINISHED, 2)


# ---- states that only a machine or another host can bring about ----------------------------------


def left_behind(store: Store, **process: object) -> Path:
    """A journal with one point, as another process or host would have left it."""
    active = begin.start(store, "churn")
    active.log_metric("m", 1.0)
    file = active._session.journal.file
    content, path = file.read(), file.path
    was = file.header
    file.close()
    identity = was.process._replace(pid=2**22 + 1, started="1")
    header = was._replace(process=identity._replace(**process))  # type: ignore[arg-type]
    path.write_bytes(content.replace(pack_header(was), pack_header(header)))
    return path


def test_a_machine_that_went_down_killed_its_runs(store: Store) -> None:
    path = left_behind(store, boot="another-boot")
    [done] = recover(store)
    run = published(store, done.run_id)[1]
    assert run.status is RunStatus.KILLED
    assert not path.exists()


def test_a_pid_that_was_given_to_another_process_is_not_the_writer(store: Store) -> None:
    left_behind(store, pid=os.getpid(), started="1")
    [done] = recover(store)
    assert published(store, done.run_id)[1].status is RunStatus.FAILED


def test_a_journal_of_another_host_waits_for_its_lease_and_for_being_asked(store: Store) -> None:
    path = left_behind(store, host="elsewhere", boot="other")
    assert recover(store) == []
    assert recover(store, include_foreign=True) == []
    silent = time.time() - journals.LEASE_MS / 1000 - 10
    os.utime(path, (silent, silent))
    assert recover(store) == []
    [done] = recover(store, include_foreign=True)
    run = published(store, done.run_id)[1]
    assert run.status is RunStatus.FAILED


def test_a_dead_writer_whose_lock_is_held_is_not_taken(store: Store) -> None:
    from mlgit.runs.file_lock import try_lock

    path = left_behind(store)
    descriptor = os.open(path, os.O_RDWR)
    assert try_lock(descriptor)
    assert recover(store) == []
    os.close(descriptor)
    assert len(recover(store)) == 1


def test_a_renamed_host_is_still_this_machine(store: Store) -> None:
    left_behind(store, host="old-name")
    assert len(recover(store)) == 1


def silent_for_long(path: Path) -> None:
    last = time.time() - journals.LEASE_MS / 1000 - 10
    os.utime(path, (last, last))


def test_one_bad_journal_does_not_keep_the_others(store: Store) -> None:
    bad = left_behind(store)
    bad.write_bytes(b"no journal")
    good = left_behind(store)
    [done] = recover(store)
    assert done.run_id == good.parent.name
    silent_for_long(bad)
    [failed] = recover(store)
    assert failed.problem is not None
    assert bad.exists()


def test_a_bad_journal_of_one_writer_does_not_keep_the_run(store: Store) -> None:
    good = left_behind(store)
    bad = good.with_name("00000000.journal")
    bad.write_bytes(b"\0" * 100 + b"no journal")
    assert recover(store) == []
    silent_for_long(bad)
    [done] = recover(store)
    run = published(store, done.run_id)[1]
    assert run.metrics["m"].points == 1
    assert "110 damaged bytes" in run.tags["mlgit.damaged_journal"]


@pytest.mark.parametrize("content", [b"", bytes(5000)])
def test_a_journal_that_a_power_cut_emptied_goes_after_a_while(
    store: Store, content: bytes
) -> None:
    path = left_behind(store)
    path.write_bytes(content)
    assert recover(store) == []
    assert path.exists()
    silent_for_long(path)
    assert recover(store) == []
    assert not path.parent.exists()


FINISH_AND_KEEP = """
import sys, shutil
import mlgit
from mlgit.store.store import Store
with mlgit.start_run() as run:
    mlgit.log_param("lr", 0.1)
    for step in range(200):
        mlgit.log_metric("m", step / 7, step=step)
    with Store.open() as store:
        [path] = (store.data / "live" / run.info.run_id).iterdir()
    shutil.copy(path, sys.argv[1])
print(run.info.run_id, path)
"""


@pytest.mark.parametrize("kept", [1.0, 0.5])
def test_a_journal_that_a_power_cut_brought_back_changes_nothing(
    store: Store, repo: Path, tmp_path: Path, kept: float
) -> None:
    aside = tmp_path / "aside"
    said = python(FINISH_AND_KEEP, str(aside), cwd=repo).communicate()[0].split()
    run_id, path = said[0], Path(said[1])
    before = store.snapshot().commit
    path.parent.mkdir(parents=True)
    path.write_bytes(aside.read_bytes()[: int(aside.stat().st_size * kept)])
    assert recover(store) == []
    assert not path.parent.exists()
    assert store.snapshot().commit == before
    run = published(store, run_id)[1]
    assert (run.status, run.metrics["m"].points) == (RunStatus.FINISHED, 200)


def test_an_unreadable_journal_does_not_hide_what_is_published(
    store: Store, repo: Path, tmp_path: Path
) -> None:
    said = python(FINISH_AND_KEEP, str(tmp_path / "aside"), cwd=repo).communicate()[0].split()
    path = Path(said[1])
    path.parent.mkdir(parents=True)
    path.write_bytes(bytes(4096) + b"no journal")
    view = LiveView(store).of_run(said[0])
    assert view is not None
    assert len(view.points) == 200


def test_a_journal_of_another_user_is_left_alone(store: Store, repo: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("becoming another user needs root")
    path = left_behind(store)
    private = [folder for folder in (repo, *repo.parents) if folder.stat().st_mode & 0o055 != 0o055]
    private += [store.state, store.data, journals.live_folder(store.data), path.parent]
    for folder in private:
        folder.chmod(0o755)

    def as_another_user() -> None:
        os.setuid(12345)
        found = [entry.writer for entry in journals.journals_of(store.data, path.parent.name)]
        assert found == [journals.Writer.FOREIGN]

    assert in_child(as_another_user) == 0


def test_damage_is_told_by_a_tag_and_the_rest_is_kept(store: Store) -> None:
    path = left_behind(store)
    with path.open("ab") as file:
        file.write(b"\nMJ1 torn")
    [done] = recover(store)
    run = published(store, done.run_id)[1]
    assert run.tags["mlgit.damaged_journal"] == "9 damaged bytes in 1 places"
    assert run.metrics["m"].points == 1


def test_recovering_in_many_processes_makes_one_commit(store: Store, repo: Path) -> None:
    for _ in range(3):
        left_behind(store)
    count = commits(store)
    program = "from mlgit.store.store import Store\nfrom mlgit.runs.recover import recover\n"
    program += "for done in recover(Store.open()): assert done.problem is None, done.problem\n"
    children = [python(program, cwd=repo) for _ in range(4)]
    for child in children:
        _, complaint = child.communicate(timeout=60)
        assert child.returncode == 0, complaint
    assert commits(store) - count <= 3
    assert len(list(store.snapshot().run_folders())) == 3
    assert LiveView(store).runs() == []


def test_publishing_twice_changes_nothing(store: Store) -> None:
    active = begin.start(store, "churn", RunRequest(tags={"a": "b"}))
    active.log_metric("m", 1.0)
    active.log_params({"lr": 1})
    active.add_bytes(b"x", "x.txt")
    path = active._session.journal.file.path
    active.finish()
    [shelved] = store.data.rglob(f"{active.id}.*.journal")
    count, tree = commits(store), store.snapshot().tree
    path.parent.mkdir()
    shelved.replace(path)
    [done] = recover(store)
    assert done.problem is None
    assert (commits(store), store.snapshot().tree) == (count, tree)


def test_a_process_that_dies_after_a_checkpoint_keeps_all_its_segments(
    store: Store, repo: Path
) -> None:
    program = """
import os
from mlgit.runs import begin
from mlgit.store.store import Store
active = begin.start(Store.open(), "churn")
for step in range(30):
    active.log_metric("m", step, step)
    if step % 10 == 9 and step < 25:
        assert active.checkpoint()
print(active.id)
os.kill(os.getpid(), 9)
"""
    child = python(program, cwd=repo)
    run_id = line(child)
    child.communicate()
    folder, run = published(store, run_id)
    assert (run.status, run.metrics["m"].points) == (RunStatus.RUNNING, 20)
    assert run.alive_until is not None
    recover(store)
    folder, run = published(store, run_id)
    assert (run.status, run.metrics["m"].points) == (RunStatus.FAILED, 30)
    assert run.alive_until is None
    names = [name for name in store.snapshot().names(folder) if name.startswith("metrics")]
    assert len(names) == 3
    assert [point.step for point in store.snapshot().points(folder)] == list(range(30))


@pytest.mark.full
@pytest.mark.parametrize("delay_ms", range(0, 200, 8))
def test_a_kill_at_any_moment_of_a_run_loses_nothing(
    store: Store, repo: Path, delay_ms: int
) -> None:
    program = """
import sys
from mlgit.runs import begin
from mlgit.store.store import Store
store = Store.open()
print("begin")
for number in range(10_000):
    active = begin.start(store, "churn")
    active.log_metric("m", number, 0)
    print("logged", active.id)
    if number % 3 == 0:
        active.checkpoint()
    active.log_metric("m", number, 1)
    active.finish()
    print("finished", active.id)
"""
    child = python(program, cwd=repo)
    assert line(child) == "begin"
    time.sleep(delay_ms / 1000)
    said = [text.split() for text in killed(child, signal.SIGKILL)]
    recover(store)
    assert recover(store) == []
    for what, run_id in said:
        run = published(store, run_id)[1]
        assert run.metrics["m"].points >= (2 if what == "finished" else 1)
        assert run.status in ({RunStatus.FINISHED} if what == "finished" else set(RunStatus))
        assert run.status.terminal


# ---- who wrote something -------------------------------------------------------------------------


def test_this_process_is_not_gone() -> None:
    identity = process_identity.this_process()
    assert process_identity.same_machine(identity)
    assert process_identity.rebooted(identity) is False
    assert process_identity.is_gone(identity) is False
    assert process_identity.from_dict(identity.as_dict()) == identity


def test_a_process_that_has_ended_is_gone() -> None:
    ended = subprocess.Popen([sys.executable, "-c", ""])
    identity = process_identity.this_process()._replace(pid=ended.pid, started="")
    ended.wait()
    assert process_identity.is_gone(identity) is True


def test_without_proc_only_the_pid_tells(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process_identity, "_PROC", Path("/nonexistent"))
    identity = process_identity.this_process()
    assert (identity.boot, identity.started) == ("", "")
    assert process_identity.is_gone(identity) is False
    assert process_identity.is_gone(identity._replace(pid=2**22 + 1)) is True
    assert process_identity.is_gone(identity._replace(pid=0)) is True


def test_a_name_with_spaces_and_brackets_is_read(tmp_path: Path) -> None:
    program = tmp_path / "a ) b"
    program.symlink_to("/bin/sleep")
    child = subprocess.Popen([str(program), "30"])
    try:
        time.sleep(0.05)
        identity = process_identity.this_process()._replace(pid=child.pid)
        assert process_identity.is_gone(identity) is True, "its start is another"
        assert process_identity.is_gone(identity._replace(started="")) is False
    finally:
        child.kill()
        child.wait()


def test_automatic_checkpoints_come_from_the_background(store: Store) -> None:
    policy = CheckpointPolicy(seconds=0.01)
    active = begin.start(store, "churn", RunRequest(policy=policy))
    active.log_metric("m", 1.0)
    deadline = time.monotonic() + 30
    while not store.snapshot().find_run(active.id) and time.monotonic() < deadline:
        time.sleep(0.02)
    run = published(store, active.id)[1]
    assert run.status is RunStatus.RUNNING
    active.finish()
    assert published(store, active.id)[1].status is RunStatus.FINISHED
