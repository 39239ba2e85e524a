"""A plugin for packtivity: a step that does not make what it promised has failed.

By itself packtivity publishes the path of a file that does not exist, and the workflow ends well.
"""

import os

import yadage_quick  # noqa: F401  its import is what it does
from packtivity import syncbackends
from packtivity.handlers import publisher_handlers

PUBLISHER = "interpolated-pub"
publish = publisher_handlers.handlers[PUBLISHER]["default"]
run_in_env = syncbackends.run_in_env
finished = set()


def run_and_remember(job, environment, state, *others):
    """Run a step, and remember that from now on its files have to be there."""
    run_in_env(job, environment, state, *others)
    finished.add(state.readwrite[0])


def publish_what_exists(publisher, parameters, state):
    """Publish the files of a step; before the step has run they need not exist."""
    published = publish(publisher, parameters, state)
    if state and state.readwrite[0] in finished:
        for name, path in published.items():
            if not os.path.exists(path):
                raise FileNotFoundError(f"the step ended well but did not make its {name}: {path}")
    return published


syncbackends.run_in_env = run_and_remember
publisher_handlers.handlers[PUBLISHER]["default"] = publish_what_exists
