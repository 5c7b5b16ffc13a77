"""Census records: device facts under unlinkable ids."""
