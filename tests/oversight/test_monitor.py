"""The monitor on arrays and files: alarms, state, command line."""

import dataclasses
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import collapsebench as cb
from collapsebench.cli import main
from collapsebench.oversight import exact
from collapsebench.oversight.state import load_state, save_state
from tests.oversight import sequences

WORDS = np.array([f"w{i}" for i in range(60)], object)
MASS = 1 / np.arange(1, 61) / np.sum(1 / np.arange(1, 61))


def normal(rng, n, sd=1.0, at=0.0):
    return at + sd * rng.standard_normal((n, 3))


def test_a_shrinking_normal_is_losing_and_a_steady_one_is_not():
    rng = np.random.default_rng(1)
    shrinking = cb.monitor(normal(rng, 1000), [normal(rng, 500, 0.9**k) for k in range(8)])
    alarm = shrinking.first("losing")
    assert 1 <= alarm.generation <= 4
    assert "kept" in alarm.sentence
    assert shrinking.code == 1
    steady = cb.monitor(normal(rng, 1000), [normal(rng, 500) for _ in range(8)])
    assert steady.alarm is None
    assert steady.code == 0
    assert "would" not in str(steady)
    assert max(steady.detectable.values()) > 0.4


def test_a_bad_model_that_stays_as_it_is_is_unlike_real_and_loses_nothing():
    rng = np.random.default_rng(2)
    found = cb.monitor(normal(rng, 1000), [normal(rng, 500, 0.6) for _ in range(5)])
    assert found.first("unlike real").generation == 0
    assert found.first("losing") is None


def test_a_large_offset_changes_nothing():
    rng = np.random.default_rng(3)
    real, rows = normal(rng, 1000), [normal(rng, 500, 0.9**k) for k in range(5)]
    near, far = (cb.monitor(real + at, [r + at for r in rows]) for at in (0.0, 2.0**30))
    for a, b in zip(near.generations, far.generations, strict=True):
        assert np.abs(np.subtract(a.count, b.count)).max() <= 1


def test_words_of_healthy_texts_are_not_lost():
    """Words chosen by the rows that stand for what is real would be theirs: every generation would miss some."""
    rng = np.random.default_rng(17)
    draw = lambda n: list(sequences.draw("texts", n, rng))  # noqa: E731
    found = cb.monitor(draw(1000), [draw(500) for _ in range(3)], tolerance=1.0)
    assert found.alarm is None


def test_lost_words_are_named():
    rng = np.random.default_rng(4)
    real, zero = (rng.choice(WORDS, (4000, 1), p=MASS) for _ in range(2))
    few = MASS * (np.arange(60) < 40)
    found = cb.monitor(real, [zero, rng.choice(WORDS, (4000, 1), p=few / few.sum())])
    rare = [a for a in found.generations[1].alarms if a.family == "rare" and a.kind == "losing"]
    assert rare
    assert {int(w[1:]) >= 40 for w in rare[0].lost} == {True}


def test_texts_that_repeat_themselves_lose():
    rng = np.random.default_rng(5)
    real, zero = ([" ".join(rng.choice(WORDS, 12, p=MASS)) for _ in range(400)] for _ in range(2))
    loops = [" ".join(list(rng.choice(WORDS[:5], 3)) * 4) for _ in range(400)]
    found = cb.monitor(real, [zero, loops])
    assert found.first("losing").generation == 1


def test_a_state_goes_on_to_the_same_numbers(tmp_path):
    rng = np.random.default_rng(7)
    real, rows = normal(rng, 400), [normal(rng, 200, 0.9**k) for k in range(5)]
    whole = cb.Monitor(real)
    for r in rows:
        whole.update(r)
    for k in range(5):
        part = cb.Monitor(real)
        if k:
            load_state(part, tmp_path / "state.npz")
        part.update(rows[k])
        save_state(part, tmp_path / "state.npz")
    again = cb.Monitor(real)
    load_state(again, tmp_path / "state.npz")
    assert again.report().json() == whole.report().json()
    damaged = bytearray((tmp_path / "state.npz").read_bytes())
    damaged[len(damaged) // 2] ^= 1
    (tmp_path / "damaged.npz").write_bytes(damaged)
    for path, monitor in ((tmp_path / "damaged.npz", cb.Monitor(real)), (tmp_path / "state.npz", cb.Monitor(real + 1))):
        with pytest.raises(cb.RequestError, match="--state"):
            load_state(monitor, path)


def test_a_report_says_why_a_small_p_is_no_alarm_and_where_to_go_back_to():
    """A slow loss, whose p-values fall below .05 and .01 before they are alarms."""
    rng = np.random.default_rng(8)
    report = cb.monitor(normal(rng, 1000), [normal(rng, 500, 0.97**k) for k in range(20)], against="generation 0")
    told, alarm = "\n".join(report.verdict()), report.first("losing")
    assert alarm.generation - report.healthy > 1
    assert f"go back to: generation {report.healthy}, generation {report.healthy}; what " in told
    assert "what came after it had a test of losing with p at most 0.05, which is no alarm but doubtful" in told
    quiet = [g for g in report.generations[1:] if g.p["losing"].min() <= 0.01 and not g.alarms]
    least = min(quiet, key=lambda g: g.p["losing"].min())
    assert f"p = {least.p['losing'].min():.2g} (losing, generation {least.number}) is no alarm: alpha = 0.01" in told
    assert least.levels["losing"] < least.p["losing"].min()
    shared = f"shared among {len(report.names)} tests and all generations, and this test's part is "
    assert f"{shared}{least.levels['losing']:.2g}" in told
    calm = cb.monitor(normal(rng, 1000), [normal(rng, 500)] * 2, tolerance=0.5)
    assert not any("is no alarm" in line for line in calm.verdict())


def test_the_command_line_says_since_when(tmp_path, capsys, monkeypatch):
    rng = np.random.default_rng(8)
    monkeypatch.chdir(tmp_path)
    for name, rows in {"real": normal(rng, 1000), **{f"g{k}": normal(rng, 500, 0.8**k) for k in range(3)}}.items():
        np.savetxt(f"{name}.csv", rows, delimiter=",", header="a,b,c", comments="")
    words = ["monitor", "--state", "s.npz", "real.csv", "g0.csv"]
    assert main(words) == 0
    assert main([*words, "g1.csv", "g2.csv", "--json", "r.json", "--markdown", "r.md", "--figure", "r.png"]) == 1
    assert "last healthy generation to go back to: generation 0" in capsys.readouterr().out
    assert json.loads((tmp_path / "r.json").read_text())["generations"][2]["alarms"]
    assert (tmp_path / "r.png").exists()
    (tmp_path / "g0.csv").write_text("a,b,c\n" + "1,2,3\n" * 100)
    assert main(words) == 2


def test_jsonl_images_and_npy_are_read(tmp_path):
    image = pytest.importorskip("PIL.Image")
    rng = np.random.default_rng(9)
    np.save(tmp_path / "rows.npy", normal(rng, 200))
    lines = [
        json.dumps({"size": float(v), "city": str(w)})
        for v, w in zip(rng.random(200), rng.choice(WORDS[:9], 200), strict=True)
    ]
    (tmp_path / "rows.jsonl").write_text("\n".join(lines))
    (tmp_path / "images").mkdir()
    for i in range(120):
        image.fromarray(rng.integers(0, 255, (8, 8), np.uint8)).save(tmp_path / "images" / f"{i}.png")
    for name in ("rows.npy", "rows.jsonl", "images"):
        assert cb.Monitor(tmp_path / name).update(tmp_path / name).rows >= 120


def test_a_slice_that_collapses_is_told_from_one_that_does_not(tmp_path, ask_lines):
    rng = np.random.default_rng(10)
    for name, sd in {"real": 1.0, "g0": 1.0, "g1": 0.4}.items():
        rows = [f"a,{v:.5f}" for v in rng.standard_normal(900)] + [f"b,{sd * v:.5f}" for v in rng.standard_normal(900)]
        (tmp_path / f"{name}.csv").write_text("\n".join(["kind,size", *rows]))
    code, lines = ask_lines("monitor", "--by", "kind", *(str(tmp_path / f"{n}.csv") for n in ("real", "g0", "g1")))
    assert code == 1
    verdicts = {line: lines[i + 1] for i, line in enumerate(lines) if line.startswith("kind = ")}
    assert verdicts["kind = a"].startswith("no alarm")
    assert verdicts["kind = b"].startswith("losing")


@pytest.fixture
def ask_lines(capsys):
    """Exit code and lines of the command line on these words."""
    return lambda *words: (main(list(words)), capsys.readouterr().out.split("\n"))


def test_copies_of_training_rows_are_noticed():
    rng = np.random.default_rng(11)
    train = normal(rng, 500)
    copying = [np.concatenate([normal(rng, 500 - c), train[rng.permutation(500)[:c]]]) for c in (0, 0, 150)]
    found = cb.monitor(normal(rng, 1000), copying, train=train)
    assert not found.generations[1].alarms
    assert {a.family for a in found.generations[2].alarms if a.kind == "losing"} == {"copies"}
    assert "times as many as in generation 0" in found.first("losing").sentence


def test_a_generation_is_certified_where_rows_are_many():
    rng = np.random.default_rng(12)
    found = cb.monitor(normal(rng, 8000), [normal(rng, 8000, sd) for sd in (1, 0.99, 0.7)])
    assert [g.certified for g in found.generations] == [False, True, False]
    assert found.last_certified == 1
    assert "up to generation 1" in str(found)
    assert cb.monitor(normal(rng, 200), [normal(rng, 100) for _ in range(3)]).last_certified is None


def test_what_is_certified_is_rarely_wrong():
    """A region with half of the reference's odds: certified in at most alpha of the loops, and nearly so."""
    rng = np.random.default_rng(13)
    n, reference = 2000, 0.2
    both = exact.lower_tail(183, n, 317, n, 0.5) + exact.upper_tail(184, n, 316, n, 0.5)
    assert both == pytest.approx(1, rel=1e-12)
    odds = 0.5 * reference / (1 - reference)
    own, old = rng.binomial(n, odds / (1 + odds), 4000), rng.binomial(n, reference, 4000)
    wrong = np.mean([exact.upper_tail(int(x), n, int(y), n, 0.5) <= 0.05 for x, y in zip(own, old, strict=True)])
    assert 0.03 < wrong < 0.05 + 5 * np.sqrt(0.05 * 0.95 / 4000)


@pytest.mark.slow
def test_results_are_read(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    run = cb.Experiment(name="kept", n=200, generations=3, trajectories=1, snapshots=(0, 1, 2), holdout=1)
    cb.save(cb.run(run), "run.nc")
    np.save("real.npy", np.random.default_rng(14).standard_normal((400, 1)))
    assert main(["monitor", "real.npy", "run.nc"]) in (0, 1)
    assert "run.nc: generation 2" in cb.monitor("real.npy", ["run.nc"]).json()
    cb.save(cb.run(dataclasses.replace(run, snapshots=())), "bare.nc")
    capsys.readouterr()
    assert main(["monitor", "real.npy", "bare.nc"]) == 2
    assert "it has no snapshots" in capsys.readouterr().err


def test_parquet_is_read_where_pyarrow_is(tmp_path):
    rng = np.random.default_rng(15)
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError:
        (tmp_path / "rows.parquet").write_bytes(b"PAR1")
        with pytest.raises(cb.RequestError, match=r"rows.parquet: .*pyarrow"):
            cb.Monitor(tmp_path / "rows.parquet").update(tmp_path / "rows.parquet")
        return
    table = {"size": rng.random(200), "city": [str(w) for w in rng.choice(WORDS[:9], 200)]}
    pyarrow.parquet.write_table(pyarrow.table(table), tmp_path / "rows.parquet")
    assert cb.Monitor(tmp_path / "rows.parquet").update(tmp_path / "rows.parquet").rows == 200


def test_a_folder_is_followed_until_the_first_alarm(tmp_path, monkeypatch, capsys):
    """Files arrive while it waits; one that still grows is left for the next look."""
    rng = np.random.default_rng(16)
    np.save(tmp_path / "real.npy", normal(rng, 1000))
    (tmp_path / "runs").mkdir()
    later = iter([("g0", 1.0), ("g1", 1.0), None, ("g2", 0.3), None, ("g3", 1.0), None, None])

    def arrive(seconds):
        assert seconds == 0.5
        if (made := next(later)) is not None:
            np.save(tmp_path / "runs" / f"{made[0]}.npy", normal(rng, 500, made[1]))

    monkeypatch.setattr("time.sleep", arrive)
    words = ["monitor", str(tmp_path / "real.npy"), "--follow", str(tmp_path / "runs"), "--every", "0.5"]
    assert main([*words, "--state", str(tmp_path / "state.npz")]) == 1
    told = capsys.readouterr().out
    assert [f"generation {k}: g{k}.npy" in told for k in range(4)] == [True, True, True, False]
    assert "generation 2: g2.npy: ALARM" in told
    assert (tmp_path / "state.npz").exists()


LARGE = """
import sys, time
from collapsebench.oversight.monitor import Monitor
watch = Monitor(sys.argv[1])
watch.update(sys.argv[2])
begun = time.process_time()
watch.update(sys.argv[3])
peak = open("/proc/self/status").read().split("VmHWM:")[1].split()[0]  # ru_maxrss begins with that of the parent
print(time.process_time() - begun, peak)
"""


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="the peak of a process's memory is read there")
def test_a_million_rows_of_twenty_columns_take_ten_seconds_and_a_gigabyte(tmp_path, random):
    """Seconds of a processor, which other work on the machine does not change much."""
    for name in ("real", "g0", "g1"):
        np.save(tmp_path / f"{name}.npy", random.standard_normal((1_000_000, 20)))
    names = [str(tmp_path / f"{name}.npy") for name in ("real", "g0", "g1")]
    told = subprocess.run([sys.executable, "-c", LARGE, *names], capture_output=True, text=True, check=True).stdout
    seconds, kilobytes = map(float, told.split())
    assert seconds < 10
    assert kilobytes < 1e6
