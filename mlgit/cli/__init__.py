"""The command line: the one place that prints, asks, and knows exit codes."""
