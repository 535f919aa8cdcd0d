"""The page where people review: ``rosterkit web``, a thin face over ``Workspace``.

Every page is made on the server and works without JavaScript; htmx only saves reading the whole page again. ``app``
lists the routes. Each goes through ``guard``: who asks, what the role allows, and which schools the account sees.
"""
