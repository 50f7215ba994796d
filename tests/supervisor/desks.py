"""A demo's desk, as the environment would ask for it."""

from supervisor.desk import Desk


def desk(**environ: str) -> Desk:
    return Desk.from_environ({"DEMO": "1", **environ})
