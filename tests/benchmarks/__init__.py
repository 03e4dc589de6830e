"""What a check costs, in time and in memory: `python -m tests.benchmarks`. Not part of the tests."""
