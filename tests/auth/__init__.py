"""Tests of tokens, keys and callers."""
