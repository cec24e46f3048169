"""What other tools recorded, read as values: one module a tool, behind one protocol."""
