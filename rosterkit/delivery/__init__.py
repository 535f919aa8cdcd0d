"""From a feed that is configured to files that a vendor holds: built, checked, decided, sent, and what left of whom."""
