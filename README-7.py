import collapsebench as cb

text = cb.targets.Text(tokenizer="words")  # the topics of Python's help(); or a file, a folder, "brown", ...
experiment = cb.Experiment(
    name="words",
    target=text,
    model=cb.models.NGram(order=1, smoothing="maximum_likelihood"),
    handover="summary",
    n=text.blocks,  # as many tokens a generation as the text has
    trajectories=50,
    generations=5,
    metrics=("survivors",),
)
print(cb.run(experiment).survivors.mean("trajectory").values)  # 1, .63, .47, .37, .31
