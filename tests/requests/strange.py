"""Classes of a stranger: each goes wrong in a way of its own."""

import collapsebench as cb


@cb.spec
class Needs(cb.Model):
    """A model that cannot be built without arguments."""

    size: float


@cb.spec
class Raises(cb.Model):
    """A model whose init raises, in two lines."""

    def __init__(self):
        raise KeyError("one\ntwo")


@cb.spec
class Exits(cb.Model):
    """A model that ends the process when it is asked."""

    def check(self, experiment):
        raise SystemExit(0)


@cb.spec
class Asks(cb.Model):
    """A model that does not know its dimension."""

    @property
    def dim(self):
        raise OSError("\x1b[2J")


class Plain:
    """No part."""

    def __init__(self):
        raise AssertionError("it was called")


class Lazy(type):
    """A class of classes."""
