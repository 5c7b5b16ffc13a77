"""Support requests, and the gate that opens restricted fields through them."""
