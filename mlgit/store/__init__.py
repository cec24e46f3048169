"""Records under git: the one way to read and write the data branch."""
