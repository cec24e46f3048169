#!/bin/sh
# Train a plain program and record what it left: no line of Python knows of mlgit here.
set -eu
here=$(dirname "$0")
: "${PYTHON:=python3}"
out=$(mktemp -d)
trap 'rm -r "$out"' EXIT

for depth in 2 5; do
    "$PYTHON" "$here/tree.py" "$depth" "$out"
    # shellcheck disable=SC2046  # one word a metric is wanted
    "$PYTHON" -m mlgit log-run --experiment demo \
        --param model=tree --param max_depth="$depth" \
        $(sed 's/^/--metric /' "$out/metrics") \
        --artifact "$out/tree.txt"
done
