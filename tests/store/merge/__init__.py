"""Two clones made one."""
