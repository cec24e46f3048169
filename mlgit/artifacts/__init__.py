"""Bytes of artifacts: taken in, kept by content, handed back verified. Knows no git."""
