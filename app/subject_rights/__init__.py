"""The rights of the person: to have what is held about them, and to have it erased."""
