"""The peer's side of `files`; run by the peer's own Python, imports nothing of ours."""

from __future__ import annotations

import json
import sys
import time

import mlflow


def logged(source: str) -> dict[str, float]:
    """Seconds of `log_artifacts` of a folder to a store of files; nothing of it is synced."""
    with mlflow.start_run():
        mlflow.log_text("warm", "warm.txt")
        began = time.perf_counter()
        mlflow.log_artifacts(source, "files")
        return {"seconds": time.perf_counter() - began}


if __name__ == "__main__":
    result = globals()[sys.argv[1]](**json.loads(sys.argv[2]))
    sys.stdout.write(json.dumps(result) + "\n")
