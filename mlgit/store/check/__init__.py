"""Every rule of the format held against what is on the branch."""
