"""Finding: the query language, the matcher that defines it, the index that is only fast."""
