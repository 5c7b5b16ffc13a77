"""The fast way of executing; off by a setting."""
