import collapsebench as cb

limits = [cb.theory.fresh_limit_law(real, 100 - real) for real in (1, 10, 50)]  # (squared error of the mean, variance)
print([float(mean_error) for mean_error, variance in limits])  # 1, .055, .013: per dimension, of 100 rows
print(cb.theory.weighted_optimum_law(1.0))  # .618: the best weight of the real half of the data
