"""Usage events and what follows from them."""
