"""θ from data: posteriors, fits to observed data, upper limits."""
