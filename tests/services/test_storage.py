"""Files of ciphertext: whole or not there, and dated to the hour with the folder they come into."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from tipline.storage import Storage

MOMENT = dt.datetime(2026, 3, 2, 10, 24, 31, tzinfo=dt.UTC)


def test_a_file_and_its_folder_say_only_the_hour(tmp_path: Path) -> None:
    files = Storage(tmp_path / "deep" / "files")
    name = files.new_name()
    with files.create(name) as writer:
        writer.write(b"ciphertext")
        writer.commit(MOMENT)
    path = tmp_path / "deep" / "files" / name[:2] / name
    assert path.read_bytes() == b"ciphertext"
    hour = MOMENT.replace(minute=0, second=0).timestamp()
    assert (path.stat().st_mtime, path.parent.stat().st_mtime) == (hour, hour)
    assert {folder.stat().st_mode & 0o077 for folder in (path.parent, path.parent.parent)} == {0}


def test_what_was_not_committed_is_not_there(tmp_path: Path) -> None:
    files = Storage(tmp_path)
    name = files.new_name()
    with files.create(name) as writer:
        writer.write(b"half")
        assert not files.exists(name)
    assert list(files.walk()) == []


def test_deleting_what_is_not_there_is_fine(tmp_path: Path) -> None:
    Storage(tmp_path).delete("0" * 32)


@pytest.mark.parametrize("name", ["", "ab", "../../etc/passwd", ".hidden", "a/bcd", "ABCDEF", "abcd\0"])
def test_only_names_of_ours_are_taken(tmp_path: Path, name: str) -> None:
    with pytest.raises(ValueError, match="not a name"):
        Storage(tmp_path).open(name)
