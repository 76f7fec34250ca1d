"""Papers and studies: experiments, claims, figures, verdicts."""
