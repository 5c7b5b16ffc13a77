"""Who is calling and what their roles may do. Knows nothing of the app."""
