"""`python -m mlgit` is the command `mlgit`."""

from mlgit.cli.main import run

if __name__ == "__main__":
    run()
