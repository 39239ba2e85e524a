"""Numerics without physics: posteriors on a grid, quantiles, confidence sets, polynomials, Gaussian processes."""
