"""The loops above the kernels: what is repeated until it converges. One text for CPU and CUDA."""
