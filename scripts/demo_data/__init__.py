"""The demo data: eight companies and their people, and what they did in the last 90 days."""
