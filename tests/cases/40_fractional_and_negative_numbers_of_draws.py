"""Negative, fractional and quoted sizes from a config file.

Source: tinygrad#15859.
"""

import collapsebench as cb


def case():
    p, bad = cb.fit("gaussian", [0.0, 1.0]), []
    calls = {
        "-1 draws": lambda: cb.sample("gaussian", p, -1),
        "1.5 draws": lambda: cb.sample("gaussian", p, 1.5),
        "'3' draws": lambda: cb.sample("gaussian", p, "3"),
        "0-d data": lambda: cb.fit("gaussian", 5.0),
        "words for weights": lambda: cb.fit("gaussian", [1.0, 2.0], weights=["a", "b"]),
    }
    for what, call in calls.items():
        try:
            call()
        except cb.RequestError:
            continue
        except Exception as e:
            bad.append((what, type(e).__name__))
        else:
            bad.append((what, "no error"))
    return not bad, f"{bad}; right: RequestError of one line"
