"""What results say: the three errors told apart, the time of collapse, intervals."""
