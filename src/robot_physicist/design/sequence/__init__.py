"""Experiments one after the other, each with the posterior of those before it as its prior."""
