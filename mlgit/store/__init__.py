"""Records under git: finding, reading, writing and checking a store; alone in knowing both."""
