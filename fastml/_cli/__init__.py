"""What ``python -m fastml`` does: one module for each command, and what they share."""
