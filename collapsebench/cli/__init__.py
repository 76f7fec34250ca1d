"""The command line: what is asked for is read in `parser`, and done in a file a command."""

from collapsebench.cli.parser import main as main
