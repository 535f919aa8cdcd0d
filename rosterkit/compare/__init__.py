"""Sources side by side: the same questions asked of each, the rows that prove each answer, and a recommendation.

Everything here but ``reading`` is a pure function of what the sources delivered. Nothing is stored. ``comparison`` has
the whole of it; the settings are imported by every command, so this package imports nothing by itself.
"""
