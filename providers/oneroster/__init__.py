"""OneRoster: the source (CSV 1.1 and 1.2) and the feed that writes it again."""
