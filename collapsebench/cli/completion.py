"""`collapsebench completion`: a script that completes commands, options and names in a shell."""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterator

from collapsebench.specs.errors import DONE

LINE = "a script that completes commands, options and names in a shell"
TEXT = """
Prints a script for the shell. bash and zsh, in ~/.bashrc or ~/.zshrc:
  source <(collapsebench completion bash)
fish:
  collapsebench completion fish > ~/.config/fish/completions/collapsebench.fish
"""
SHELLS = ("bash", "zsh", "fish")
PLAIN = re.compile(r"[\w./=-]+")
"""Words that mean the same in every shell without quotes."""


def add(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `collapsebench completion` to its parser."""
    parser.add_argument("shell", choices=SHELLS, metavar="SHELL", help=", ".join(SHELLS))


def act(arguments: argparse.Namespace) -> int:
    """Run `collapsebench completion`; returns the exit code."""
    from collapsebench.cli.parser import make_parser

    made = make_parser()
    print(_fish(made) if arguments.shell == "fish" else _bash(made, arguments.shell))
    return DONE


def _commands(parser: argparse.ArgumentParser) -> dict[str, argparse.ArgumentParser]:
    return next(dict(action.choices) for action in parser._actions if isinstance(action, argparse._SubParsersAction))


def _words(command: str, action: argparse.Action) -> list[str]:
    """Words that an option or a positional argument takes; none where it takes a file or any text."""
    from collapsebench.cli.arguments import FIELDS
    from collapsebench.literature import catalogue

    kinds = {("reproduce", "names"): ("papers", "studies")} | {
        (name, "name"): ("experiments",) for name in ("run", "ablate", "profile", "plan", "diagram")
    }
    if action.choices is not None:
        found = [str(choice) for choice in action.choices]
    elif {"--set", "--sweep"} & set(action.option_strings):
        found = [f"{field}=" for field in FIELDS]
    else:
        found = [name for kind in kinds.get((command, action.dest), ()) for name, _ in catalogue.rows(kind)]
    return [word for word in found if PLAIN.fullmatch(word)]


def _bash(parser: argparse.ArgumentParser, shell: str) -> str:
    """One function that looks at the command, then at the word before the one that is written."""
    commands, cases = _commands(parser), []
    for name, own in commands.items():
        options = [option for action in own._actions for option in action.option_strings]
        named = [word for action in own._actions if not action.option_strings for word in _words(name, action)]
        lines = [f"    {name}) words='{' '.join([*options, *named])}'; case $before in"]
        for action in own._actions:
            if action.option_strings and action.nargs != 0:
                lines.append(f"      {'|'.join(action.option_strings)}) words='{' '.join(_words(name, action))}';;")
        cases.append("\n".join([*lines, "    esac;;"]))
    first = "autoload -U +X compinit bashcompinit && compinit -u && bashcompinit\n" if shell == "zsh" else ""
    body = "\n".join(cases)
    return f"""{first}_collapsebench() {{
  local word=${{COMP_WORDS[COMP_CWORD]}} before=${{COMP_WORDS[COMP_CWORD-1]}} words=''
  if [ "$COMP_CWORD" -eq 1 ]; then words='{" ".join(commands)} --help --version'; else case ${{COMP_WORDS[1]}} in
{body}
  esac; fi
  COMPREPLY=($(compgen -W "$words" -- "$word"))
  case ${{COMPREPLY[0]-}} in *=) compopt -o nospace 2>/dev/null;; esac
}}
complete -o default -F _collapsebench collapsebench"""


def _fish(parser: argparse.ArgumentParser) -> str:
    """A line for every command, option and argument; files are offered where nothing else is known."""
    return "\n".join(_fish_lines(parser))


def _fish_lines(parser: argparse.ArgumentParser) -> Iterator[str]:
    def told(text: object) -> str:
        return "'" + str(text or "").replace("%(default)s", "").replace("\\", "\\\\").replace("'", "\\'") + "'"

    listed = {action.dest: action.help for a in parser._actions for action in getattr(a, "_choices_actions", ())}
    for name, own in _commands(parser).items():
        yield f"complete -c collapsebench -n __fish_use_subcommand -f -a {name} -d {told(listed.get(name))}"
        here = f"complete -c collapsebench -n '__fish_seen_subcommand_from {name}'"
        for action in own._actions:
            words = " ".join(_words(name, action))
            if not action.option_strings:
                yield from [f"{here} -f -a '{words}'"] if words else []
                continue
            names = " ".join(f"-{'l' if o.startswith('--') else 's'} {o.lstrip('-')}" for o in action.option_strings)
            value = "" if action.nargs == 0 else f" -x -a '{words}'" if words else " -r"
            yield f"{here} {names}{value} -d {told(action.help)}"
