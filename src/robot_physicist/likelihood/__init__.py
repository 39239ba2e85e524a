"""ln p(data | θ): pseudo-data, nuisance parameters integrated out, and workspaces to publish."""
