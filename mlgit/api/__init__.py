"""The calls of `mlgit.*`: MLflow's names and arguments, acting on the active run."""
