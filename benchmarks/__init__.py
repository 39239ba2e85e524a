"""Speed, measured in one run: `make bench`, or `python -m benchmarks estimators commands`."""
