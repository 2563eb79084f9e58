import re
import uuid

from lutrace.dicom import make_tracking


def test_the_same_track_has_the_same_uid_everywhere_and_another_place_another() -> None:
    one, again = make_tracking("T-1", "registry"), make_tracking("T-1", "registry")
    assert one == again
    assert one.identifier == "T-1"
    others = {make_tracking("T-2", "registry").uid, make_tracking("T-1", "elsewhere").uid, make_tracking("T-1").uid}
    assert len(others | {one.uid}) == 4


def test_the_uid_is_a_uuid_under_2_25() -> None:
    uid = make_tracking("T-1", "registry").uid
    assert re.fullmatch(r"2\.25\.[1-9][0-9]{0,38}", uid)
    assert len(uid) <= 64
    assert uuid.UUID(int=int(uid.removeprefix("2.25."))).version == 5


def test_names_are_not_run_together() -> None:
    assert make_tracking("c", "a", "b").uid != make_tracking("c", "ab").uid
