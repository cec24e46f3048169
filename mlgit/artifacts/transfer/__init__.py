"""Many objects moved at once, to a remote and from remotes: verified, retried, resumed."""
