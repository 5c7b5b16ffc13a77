"""What the project's commands do; `scripts/README.md` lists them."""
