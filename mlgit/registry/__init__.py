"""Registered models: their versions, and the aliases and stages that point to them."""
