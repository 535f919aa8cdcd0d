"""What the verbs return, for people and machines: JSON (``shapes``), tables (``tables``), a page, a sheet."""
