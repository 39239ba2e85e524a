"""Words of the field that need no method: labels of points, exposures, events, numbers with errors, units, seeds."""
