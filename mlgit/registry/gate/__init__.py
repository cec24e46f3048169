"""The gate of promotion: one judgement for the command line, the hooks of a server, and CI."""
