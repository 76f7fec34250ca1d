"""Results on disk: what was changed is noticed, and what leads elsewhere is not followed."""

import random

import h5py
import numpy as np
import pytest

import collapsebench as cb
from collapsebench.runs.integrity import digest
from tests import faults
from tests.engine.resumed import CASES


@pytest.fixture(scope="module")
def result():
    return cb.run(CASES["gaussian"])


@pytest.fixture
def path(tmp_path, result):
    return cb.save(result, tmp_path / "r.nc")


def refused(path, match):
    with pytest.raises(cb.RequestError, match=match) as found:
        cb.load(path)
    assert "\n" not in str(found.value)


def test_the_digest_survives_a_file(path, result):
    assert digest(cb.load(path)) == digest(result)
    assert "integrity" not in cb.load(path).attrs


@pytest.mark.parametrize("name", ["variance", "trajectory", "generation"])
def test_a_number_that_was_changed_is_noticed(path, name):
    with h5py.File(path, "r+") as file:
        file[name][...] = np.asarray(file[name]) + 1
    refused(path, "its digest is another")


@pytest.mark.parametrize(
    "change", [{"seed": 1}, {"experiment": "{}"}, {"new": "x"}, {"integrity": None}, {"width": None}]
)
def test_an_attribute_that_was_changed_is_noticed(path, change):
    with h5py.File(path, "r+") as file:
        for name, value in change.items():
            file.attrs.pop(name, None)
            if value is not None:
                file.attrs[name] = value
    refused(path, "its digest is another")


def test_an_older_file_has_no_digest_and_is_read(path, result):
    with h5py.File(path, "r+") as file:
        del file.attrs["integrity"]
        file.attrs["schema_version"] = "1.1"
    assert cb.load(path).variance.identical(result.variance)


def test_flipped_bits_are_noticed_or_harmless(path):
    became = faults.flips(path, 30, lambda: faults.content(path), random.Random(0))
    assert became["noticed"] > 5  # most of so small a file is room that HDF5 leaves


def external_link(file, other):
    file["stranger"] = h5py.ExternalLink(str(other), "secret")


def soft_link(file, other):
    file["stranger"] = h5py.SoftLink("/variance")


def external_data(file, other):
    file.create_dataset("stranger", (8,), "u1", external=[(str(other), 0, 8)])


def virtual_data(file, other):
    layout = h5py.VirtualLayout((8,), "u1")
    layout[:] = h5py.VirtualSource(str(other), "secret", (8,))
    file.create_virtual_dataset("stranger", layout)


def bomb(file, other):
    file.create_dataset("stranger", (2**40,), "f8", chunks=(2**20,), compression="gzip", fillvalue=0)


def groups(file, other):
    file.create_group("a/b/c")


@pytest.mark.parametrize("trap", [external_link, soft_link, external_data, virtual_data, bomb, groups])
def test_what_leads_out_of_the_file_is_refused(path, tmp_path, trap):
    other = tmp_path / "other.h5"
    with h5py.File(other, "w") as file:
        file["secret"] = np.arange(8, dtype="u1")
    with h5py.File(path, "r+") as file:
        trap(file, other)
    refused(path, "it is not read, for")


def test_a_link_in_the_place_of_a_result_is_replaced(tmp_path, result):
    victim = tmp_path / "victim"
    victim.write_text("mine")
    (tmp_path / "r.nc").symlink_to(victim)
    cb.save(result, tmp_path / "r.nc")
    assert victim.read_text() == "mine"
    assert not (tmp_path / "r.nc").is_symlink()
