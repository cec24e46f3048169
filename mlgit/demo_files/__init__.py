"""The programs that `mlgit demo` runs: a grid in Python, one model recorded from a shell."""
