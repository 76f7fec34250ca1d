"""Command line: one file a command, their shared parser, and the files that they write."""

from collapsebench.cli.parser import main as main
