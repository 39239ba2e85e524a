"""Counting experiments, written by hand as another experiment would publish them."""

from robot_physicist.likelihood.workspace import workspace_digest


def published(signal, background, data, error=None, extra=()):
    """A background-only workspace and a patchset that adds a signal, in the style of HEPData."""
    staterror = [{"name": "mc", "type": "staterror", "data": error}] if error else []
    samples = [{"name": "continuum", "data": background, "modifiers": [*staterror, *extra]}]
    base = {
        "channels": [{"name": "cos_theta", "samples": samples}],
        "observations": [{"name": "cos_theta", "data": data}],
        "measurements": [{"name": "search", "config": {"poi": "", "parameters": []}}],
        "version": "1.0.0",
    }
    strength = [{"name": "mu", "type": "normfactor", "data": None}]
    operations = [
        {
            "op": "add",
            "path": "/channels/0/samples/-",
            "value": {"name": "signal", "data": signal, "modifiers": strength},
        },
        {"op": "replace", "path": "/measurements/0/config/poi", "value": "mu"},
        {
            "op": "add",
            "path": "/measurements/0/config/parameters/-",
            "value": {"name": "mu", "inits": [1.0], "bounds": [[0.0, 10.0]]},
        },
    ]
    patches = {
        "metadata": {
            "description": "a search",
            "digests": {"sha256": workspace_digest(base)},
            "labels": ["mass"],
            "references": {"hepdata": "ins1234567"},
        },
        "patches": [{"metadata": {"name": "mass_1", "values": [1]}, "patch": operations}],
        "version": "1.0.0",
    }
    return base, patches
