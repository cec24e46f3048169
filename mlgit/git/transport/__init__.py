"""A remote, and every way to it: the git program, the wire, a path."""
