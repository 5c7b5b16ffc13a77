"""Parts that tests are made with; real ones."""
