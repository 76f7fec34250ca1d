"""The command line: one file a command, the parser that they share, and the files that they write."""

from collapsebench.cli.parser import main as main
