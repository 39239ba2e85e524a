"""How a number is printed beside its goal."""


def at_most(what: str, measured: float, unit: str, goal: float) -> str:
    """One number that should be small, beside its goal."""
    verdict = "ok" if measured <= goal else "MISSED"
    return f"{what:<66} {measured:>9.4g} {unit:<5} goal ≤ {goal:<6g} {verdict}"


def at_least(what: str, measured: float, unit: str, goal: float) -> str:
    """The same for what should be large."""
    verdict = "ok" if measured >= goal else "MISSED"
    return f"{what:<66} {measured:>9.4g} {unit:<5} goal ≥ {goal:<6g} {verdict}"
