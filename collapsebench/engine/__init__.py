"""Engine: one generation of a trajectory, and the compiled loop of many trajectories over all devices."""
