"""One module for each command in scripts/, run as `python -m scripts.commands.NAME`."""
