import numpy as np
import collapsebench as cb

print(np.log(0.5) / cb.theory.replace_log_variance_law(100, 1))  # 34: fits to 100 rows each that halve the variance
print(cb.theory.survival_law(100, 50, [0.01, 0.1, 0.5]))  # .04, .35, .93: chances to be left after 50 fits to 100 draws
print(cb.theory.fixation_time_law(100, np.full(10, 0.1)))  # 187: fits until one of ten symbols is left
print(cb.theory.accumulate_variance_limit_law(100))  # .98: what of the variance is never lost
