"""One module a noun: options, one call of the library, rendering."""
