"""The stages of a sequence of experiments."""
