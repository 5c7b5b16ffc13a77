"""The explorer: its routes, its build, and the page in a real browser."""
