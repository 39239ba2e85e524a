"""One campaign on every engine: the same bytes, resumed runs, and failures that say what failed."""

import json
import re
import shutil
from pathlib import Path

import pytest
from support import engines
from support.campaigns import ROOT

from robot_physicist import __version__

pytestmark = [pytest.mark.engines, pytest.mark.timeout(1800)]  # the first one to need them builds the images


@pytest.fixture(scope="session")
def reference(shared):
    """Results of Snakemake on this machine, without containers."""

    def run(folder):
        code, text = engines.snakemake(engines.checkout(folder))
        assert code == 0, text

    return engines.of_snakemake(engines.once(shared, "reference", run) / "results/small")


def test_yadage_makes_the_same_bytes_and_resumes(reference, tmp_path):
    folder = engines.checkout(tmp_path / "run")
    work = folder / "results/small.yadage"
    code, text = engines.yadage(folder, "--native")
    assert code == 0, text
    assert engines.differing(reference, engines.of_yadage(work)) == []
    events = sorted(work.glob("*/*/events.root"))
    assert len(events) == 6
    before = {path: path.stat().st_mtime_ns for path in events}
    events[0].unlink()
    code, text = engines.yadage(folder, "--native")
    assert code == 0, text
    again = [path for path in events if path.stat().st_mtime_ns != before[path]]
    assert again == [events[0]]
    assert engines.differing(reference, engines.of_yadage(work)) == []


def test_yadage_on_dask_makes_the_same_bytes(reference, tmp_path):
    folder = engines.checkout(tmp_path / "run")
    code, text = engines.yadage(folder, "--native", "--dask", "local")
    assert code == 0, text
    assert engines.differing(reference, engines.of_yadage(folder / "results/small.yadage")) == []


def test_plain_yadage_makes_the_same_bytes_on_two_processes(reference, tmp_path):
    folder = engines.checkout(tmp_path / "run")
    line = [engines.environment("yadage") / "yadage-run", "work", "workflow/workflow.yml", "--toplevel", "."]
    line += ["-p", "campaign=small.yaml", "-d", f"initdir={folder}/campaigns", "-b", "multiproc:2"]
    variables = {"YADAGE_IGNORE_PREPUBLISHING": "1", "PYTHONPATH": str(ROOT / "workflow")}
    code, text = engines.call([*line, "--plugins", "yadage_native"], folder, **variables)
    assert code == 0, text
    assert engines.differing(reference, engines.of_yadage(folder / "work")) == []


def test_a_failed_step_is_shown_with_its_command_and_output(tmp_path):
    folder = engines.checkout(tmp_path / "run", {**engines.CAMPAIGN, "simulator": {"name": "gausian"}})
    code, text = engines.yadage(folder, "--native")
    assert code == 1
    assert "robot-physicist branches --campaign" in text
    assert "did you mean 'gaussian'?" in text


def test_a_step_that_makes_nothing_has_failed(tmp_path):
    """The stage `histogram` is replaced by one that ends well and writes nothing."""
    folder, fake = engines.checkout(tmp_path / "run"), tmp_path / "bin"
    fake.mkdir()
    program = fake / "robot-physicist"
    program.write_text(f'#!/bin/sh\n[ "$1" = histogram ] || exec {engines.PROGRAMS}/robot-physicist "$@"\n')
    program.chmod(0o755)
    code, text = engines.yadage(folder, "--native", path=fake)
    assert code == 1
    assert "robot-physicist histogram --campaign" in text
    assert not list(folder.rglob("design.json"))


def test_a_campaign_that_is_not_there_is_an_error(tmp_path):
    folder = engines.checkout(tmp_path / "run")
    (folder / "campaigns/small.yaml").unlink()
    code, text = engines.yadage(folder, "--native")
    assert code == 2
    assert "no such campaign file" in text


@pytest.mark.containers
@pytest.mark.parametrize("name", ["core", "pythia", "search"])
def test_images_have_no_root_no_network_labels_and_the_size_that_is_documented(images, name):
    def podman(*line):
        code, text = engines.call(["podman", *line], ROOT, CONTAINERS_CONF=images["CONTAINERS_CONF"])
        assert code == 0, text
        return text

    image = f"robotphysicist/{name}:{__version__}"
    (printed,) = re.findall(rf"{image}: .*, (\d+) MB", images["PRINTED"])
    (stated,) = re.findall(rf"`{name}` \((\d+) MB\)", (ROOT / "docs/engines.md").read_text())
    assert abs(int(printed) / int(stated) - 1) < 0.1
    assert podman("run", "--rm", "--network", "none", image, "id", "-u").strip() == "1000"
    labels = json.loads(podman("image", "inspect", "--format", "{{json .Labels}}", image))
    wanted = ("title", "description", "version", "licenses")
    assert all(labels[f"org.opencontainers.image.{label}"] for label in wanted)
    assert labels["org.opencontainers.image.version"] == __version__


@pytest.mark.containers
def test_yadage_in_containers_makes_the_same_bytes(reference, images, tmp_path):
    folder = engines.checkout(tmp_path / "run")
    code, text = engines.yadage(folder, path=Path(images["PATH_TO_DOCKER"]), **images)
    assert code == 0, text
    work = folder / "results/small.yadage"
    assert engines.differing(reference, engines.of_yadage(work)) == []
    assert {path.owner() for path in work.rglob("*")} == {Path.home().owner()}


@pytest.mark.containers
def test_snakemake_in_containers_makes_the_same_bytes(reference, images, tmp_path):
    folder = engines.checkout(tmp_path / "run")
    code, text = engines.in_containers(folder, images)
    assert code == 0, text
    assert len(list((folder / ".snakemake/singularity").glob("*.simg"))) == 2
    assert engines.differing(reference, engines.of_snakemake(folder / "results/small")) == []


@pytest.mark.containers
def test_recast_in_containers_makes_the_same_bytes(reference, images, tmp_path):
    recast = engines.environment("yadage") / "recast"
    if not shutil.which("dot"):
        engines.missing("recast run draws its graph with graphviz: apt-get install graphviz imagemagick")
    folder = engines.checkout(tmp_path / "run")
    (folder / "tests").symlink_to(ROOT / "tests")
    (folder / "inputs.yml").write_text(
        json.dumps({"initdata": {"campaign": "small.yaml"}, "dataopts": {"initdir": "../campaigns"}})
    )
    variables = {
        **images,
        "RECAST_ATLAS_CATALOGUE": str(folder),
        "RECAST_LOCAL_BACKENDSTRING": "multiproc:2",
        "PACKTIVITY_DOCKER_CMD_MOD": "--network=none --user=0:0",
        "YADAGE_IGNORE_PREPUBLISHING": "1",
    }
    name, path = "robot-physicist/design", Path(images["PATH_TO_DOCKER"])

    def run(*words):
        code, text = engines.call([recast, *words], folder, path, **variables)
        assert code == 0, text
        return text

    assert name in run("catalogue", "ls")
    assert "Everything looks good" in run("catalogue", "check", name)
    assert "teaches most" in run("catalogue", "describe", name)
    assert "RECAST_ATLAS_CATALOGUE" in run("catalogue", "add", ".")
    assert "teaches most" in run("run", name, "inputs.yml", "--backend", "local", "--tag", "all")
    assert engines.differing(reference, engines.of_yadage(folder / "recast-all")) == []
    for stage in (
        "branches",
        "simulate",
        "histogram",
        "likelihood",
        "posterior",
        "eig",
        "design",
        "recast",
        "allocate",
        "propose",
    ):
        assert f"test {stage} succeeded" in run("tests", "run", name, stage, "--backend", "local", "--tag", stage)
