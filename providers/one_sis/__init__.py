"""One invented SIS, delivered as each vendor would: for the demo, the docs and the tests of ``compare``."""
