"""What is wrong with a clone, and what can be mended without losing anything."""
