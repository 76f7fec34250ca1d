"""What people read: tables on a terminal, quick figures of a result, and the self-contained HTML page."""

from collapsebench.show.attribution import ablation_summary, draw_ablation
from collapsebench.show.ledger import draw_ledger, ledger_summary
from collapsebench.show.page import write_page
from collapsebench.show.profiles import draw_profile, profile_summary
from collapsebench.show.tables import draw_result, summary, verdict_table

__all__ = [
    "ablation_summary", "draw_ablation", "draw_ledger", "draw_profile", "draw_result", "ledger_summary",
    "profile_summary", "summary", "verdict_table", "write_page",
]  # fmt: skip
