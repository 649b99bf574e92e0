"""CPU kernels and their launchers."""
