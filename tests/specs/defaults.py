"""Defaults that records rely on: a record leaves them out, so one that changes changes what written records mean.

    python -m tests.specs.defaults > tests/specs/defaults.json

is run again when a class or a field is new. Where a default has to change, `record.VERSION` is raised, and the reader
gives records of the version before the defaults that they were written with.
"""

import dataclasses
import json
import sys

from collapsebench.experiment.experiment import Experiment
from collapsebench.learning.training import Training
from collapsebench.specs import record
from collapsebench.specs.names import NOUNS


def defaults():
    """{type: {field: default as a record writes it}} of what experiments are made of."""
    classes = {f"{noun}.{name}": cls for noun, registry in NOUNS.items() for name, cls in registry.items()}
    classes = {name: cls for name, cls in classes.items() if cls.__module__.startswith("collapsebench.")}
    classes |= {"Training": Training, "Experiment": Experiment}
    return {
        name: {
            own.name: record.encode(own.default, None, own.name)
            for own in dataclasses.fields(cls)
            if own.init and own.default is not dataclasses.MISSING
        }
        for name, cls in sorted(classes.items())
    }


if __name__ == "__main__":
    json.dump(defaults(), sys.stdout, indent=1)
    print()
