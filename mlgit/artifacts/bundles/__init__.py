"""Many small objects in one file of a remote: one request where there would be thousands."""
