"""What yadage's own cache (`-c checksums`) sees of the files that a campaign names: all that its hash of a folder sees."""

import subprocess

from support.campaigns import environment

#: Hashes a folder of inputs as packtivity does for a step: prints the hash.
HASH = """
import sys, tempfile, pathlib
from packtivity.statecontexts.posixfs_context import LocalFSState
work = pathlib.Path(tempfile.mkdtemp())
(work / "result").write_text("the same")
print(LocalFSState(readwrite=[str(work)], readonly=[sys.argv[1]]).state_hash())
"""


def test_its_hash_sees_named_files_below_the_campaign_and_those_that_are_links(tmp_path):
    folder, elsewhere = tmp_path / "campaigns", tmp_path / "elsewhere"
    for path in (folder / "below", elsewhere):
        path.mkdir(parents=True)
    (folder / "small.yaml").write_text("a campaign")
    beside, below, linked = folder / "b.json", folder / "below/p.json", elsewhere / "data.root"
    in_linked_folder = elsewhere / "s.json"
    for path in (beside, below, linked, in_linked_folder):
        path.write_text("1")
    (folder / "data.root").symlink_to(linked)
    (folder / "folder").symlink_to(elsewhere)

    def hashed():
        line = [environment("yadage") / "python", "-c", HASH, str(folder)]
        return subprocess.run(line, capture_output=True, text=True, check=True).stdout

    before = hashed()
    assert hashed() == before
    for path in (beside, below, linked, in_linked_folder):
        path.write_text("2")
        after = hashed()
        assert after != before, path.name
        before = after
