"""Runs of jobs that share nothing, not even a lock, until somebody lands them."""
