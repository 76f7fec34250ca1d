try:
    result = cb.run(experiment)
except cb.Stopped as stopped:
    result = stopped.result  # None before the first generation is finished
