"""Forges: which one a remote is, and how a proposal is opened there without an API token."""
