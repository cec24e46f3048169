"""MLflow on a git branch: its tracking store, registry store and artifacts, as plugins."""
