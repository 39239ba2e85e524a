"""A plugin for packtivity: yadage looks at every step once where it looks at every path to it.

After each step it asks of all others whether anything before them has failed, and follows all paths back to the
beginning: their number multiplies with every fan-out, so that graphs of several rounds do not end. It also makes the
parser of its queries again for every query.
"""

import functools

import jsonpath_rw
from adage import dagstate


def failed_before(dag, node):
    """Has any step failed that this one needs, directly or not?"""
    seen, waiting = set(), [node.identifier]
    while waiting:
        for name in dag.predecessors(waiting.pop()):
            if name not in seen:
                if dagstate.node_ran_and_failed(dag.getNode(name)):
                    return True
                seen.add(name)
                waiting.append(name)
    return False


dagstate.upstream_failure = failed_before
jsonpath_rw.parse = functools.cache(jsonpath_rw.parse)
