"""The verbs of a workspace, by subject: ``Workspace`` inherits them all."""
