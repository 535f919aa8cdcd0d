"""The whole day, measured against other ways to do it: ``make bench`` (benchmarks/README.md)."""
