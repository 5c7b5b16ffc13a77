"""The API server: ground, database, domains and HTTP edge, in that order of dependence."""
