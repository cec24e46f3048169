"""mlgit: experiment tracking as plain files on a git branch."""
