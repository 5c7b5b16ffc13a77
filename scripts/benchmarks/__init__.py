"""What is measured, one module each; reached by `scripts/bench NAME`."""
