"""The HTTP edge: ASGI only, no domain words."""
