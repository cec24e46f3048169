"""A store written out for another tool."""
