"""The program: `mlgit`, `git-mlgit` and `python -m mlgit`."""

import gc


def run() -> None:
    """Run the command of this process's arguments and exit with its code."""
    # Most of a short command's life modules are loaded, and collecting then finds no garbage.
    gc.set_threshold(50_000)
    from mlgit.cli import main

    main.run()


if __name__ == "__main__":
    run()
