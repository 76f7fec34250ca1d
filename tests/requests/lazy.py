"""A module that raises when it is asked for a name."""


def __getattr__(name):
    if name.startswith("__"):
        raise AttributeError(name)
    raise RuntimeError(f"no {name}\nat all")
