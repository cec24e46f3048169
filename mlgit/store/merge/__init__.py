"""Two clones of a store made one: the rules for every kind of file."""
