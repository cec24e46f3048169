"""Recording: the journal of a live run, and how it becomes one commit."""
