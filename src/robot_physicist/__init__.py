"""Robot Physicist: which experimental setting teaches us most about a parameter."""

__version__ = "0.1.0"
