"""What tells a text that could identify somebody from one that names a device, a version or a language. Pure."""
