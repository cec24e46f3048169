"""The store of one clone and those of others: brought together, never overwritten."""
