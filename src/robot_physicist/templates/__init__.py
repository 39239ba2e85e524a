"""From events to histograms, and from histograms to templates that are smooth functions of θ."""
