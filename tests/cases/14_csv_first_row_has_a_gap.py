"""First data row of a .csv lost as a header.

Source: pytorch/tutorials#1708, taldcroft/asciitable#19, benmaier/binpacking#18.
"""

import pathlib
import tempfile

from collapsebench.datasets.own import own


def case():
    with tempfile.TemporaryDirectory() as folder:
        file = pathlib.Path(folder, "a.csv")
        file.write_text("NA,2\n3,4\n5,6\n")
        try:
            x = own(file)
        except ValueError as error:
            return True, f"refused: {error}"
    return False, f"{len(x)} rows read in silence, right: a refusal, as for NA in any later row"
