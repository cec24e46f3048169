"""Bytes and the branch: objects, refs, trees and commits. Knows no machine learning."""
