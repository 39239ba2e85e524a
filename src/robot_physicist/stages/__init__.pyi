"""What the room shows of itself; its modules load when they are used."""

from .allocation import allocate
from .checking import validate
from .events import branches, histogram, simulate
from .gain import eig
from .inference import likelihood, posterior
from .planning.plan import plan
from .ranking import design
from .recasting import recast
from .search import propose
from .sequence.rounds import begin, observe, update
from .sequence.run import run_sequence
from .showing import show
from .workspace_gain import workspace

__all__ = [
    "allocate",
    "begin",
    "branches",
    "design",
    "eig",
    "histogram",
    "likelihood",
    "observe",
    "plan",
    "posterior",
    "propose",
    "recast",
    "run_sequence",
    "show",
    "simulate",
    "update",
    "validate",
    "workspace",
]
