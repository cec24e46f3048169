"""Bytes by digest: what a run keeps besides its numbers."""
