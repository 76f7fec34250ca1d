"""What people read: tables on a terminal, figures, and the self-contained HTML page, made of results and verdicts."""
