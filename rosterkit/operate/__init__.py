"""Runs without a person: the sync, its schedule, the notices to people, and what a monitor asks."""
