"""Error reports, kept 15 days."""
