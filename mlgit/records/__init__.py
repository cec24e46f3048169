"""Data and text: every file of the branch as a value, and back. Knows no git."""
