"""Kernels for CUDA: the twins of `fastml.kernels.cpu`."""
