"""What other tools see of a store: each tool in a package of its own."""
