"""YAML as physicists write it: `1e5` is a number, and a key that is given twice is a mistake."""

from __future__ import annotations

import re
from typing import Any

import yaml

SafeLoader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
#: YAML 1.1, which PyYAML reads, takes 1e5 and 1e-3 for text because they have no point.
POWER_OF_TEN = re.compile(r"^[-+]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)[eE][-+]?[0-9]+$")


class CampaignLoader(SafeLoader):  # type: ignore[misc]
    """Reads plain data only; refuses double keys."""

    def construct_mapping(self, node: Any, deep: bool = False) -> Any:
        """Make a dictionary of a mapping; PyYAML would keep the last of two equal keys in silence."""
        seen = set()
        for key, _ in node.value:
            name = (key.tag, str(key.value))
            if isinstance(key, yaml.ScalarNode) and key.value != "<<" and name in seen:
                raise yaml.constructor.ConstructorError(
                    None, None, f"the key '{key.value}' is given twice; remove one", key.start_mark
                )
            seen.add(name)
        return super().construct_mapping(node, deep)


CampaignLoader.add_implicit_resolver("tag:yaml.org,2002:float", POWER_OF_TEN, list("-+.0123456789"))


def parse(text: str) -> Any:
    """Parse the text of a campaign file; raises yaml.YAMLError or ValueError when it is not YAML.

    >>> parse("{events: 1e5, variance: [1e-3, 2.5E1, -.5e-2]}")
    {'events': 100000.0, 'variance': [0.001, 25.0, -0.005]}
    """
    return yaml.load(text, Loader=CampaignLoader)
