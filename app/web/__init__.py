"""The explorer: front-end source and the routes that serve its build."""
