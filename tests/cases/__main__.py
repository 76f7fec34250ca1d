"""Run all cases, or those whose names begin with the arguments; print PASS or FAIL for each, exit 1 if one failed."""

import sys

from tests.cases.runner import CASES, run

failed = 0
for path in CASES:
    if path.stem.startswith(tuple(sys.argv[1:]) or ("",)):
        passed, said = run(path)
        failed += not passed
        print("PASS" if passed else "FAIL", path.stem, said, flush=True)
sys.exit(failed > 0)
