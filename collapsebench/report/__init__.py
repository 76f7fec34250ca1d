"""What people read: tables on a terminal, quick figures of a result, and the self-contained HTML page."""

from collapsebench.report.attribution import ablation_summary, draw_ablation
from collapsebench.report.ledger import draw_ledger, ledger_summary
from collapsebench.report.page import write_page
from collapsebench.report.profiles import draw_profile, profile_summary
from collapsebench.report.tables import draw_result, summary, verdict_table

__all__ = [
    "ablation_summary", "draw_ablation", "draw_ledger", "draw_profile", "draw_result", "ledger_summary",
    "profile_summary", "summary", "verdict_table", "write_page",
]  # fmt: skip
