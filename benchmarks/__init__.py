"""The numbers of the README, and how to get them again: `python -m benchmarks.<name> [--size N] [--json FILE]`."""
