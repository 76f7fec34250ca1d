"""`python -m collapsebench.cli`: the command line."""

import sys

from collapsebench.cli.parser import main

sys.exit(main())
