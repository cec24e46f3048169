"""Bytes that nothing names any more: found, put aside for a week, then removed."""
