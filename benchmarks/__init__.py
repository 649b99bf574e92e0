"""Benchmarks: asv suites, one file a family; tables of start-up, small inputs and scaling; gates for CI."""
