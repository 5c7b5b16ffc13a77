"""Tests: a mirror of the source, the harness, the house rules and whole journeys."""
