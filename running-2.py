import dataclasses

import collapsebench as cb

with cb.checkpoints("one-run", keep=True):
    short = cb.run(experiment)
with cb.checkpoints("one-run"):
    longer = cb.run(dataclasses.replace(experiment, generations=80))  # runs generations 50 to 79
