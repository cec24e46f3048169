"""Promotions proposed: made, told, approved, landed."""
