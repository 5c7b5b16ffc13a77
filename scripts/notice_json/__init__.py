"""Reads records in the notice's own JSON and sends them to the API; the command is `scripts/ingest`."""
