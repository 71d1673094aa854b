"""Files that do not say what they must are refused; what only one side knows is counted."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pyarrow as pa
import pytest

from cdp.errors import CdpError
from cdp.identity.evaluation.people_file import PeopleFile, load_people
from cdp.identity.evaluation.plot import weights_svg
from cdp.identity.evaluation.truth import Judgement, judge
from cdp.identity.match_model import KNOWN_ATTRIBUTES


def people(file: Path, own: tuple[str, ...] = ()) -> PeopleFile:
    with duckdb.connect() as connection:
        return load_people(connection, file, "records", KNOWN_ATTRIBUTES, own)


def csv(folder: Path, text: str, name: str = "file.csv") -> Path:
    file = folder / name
    file.write_text(text)
    return file


def test_columns_are_found_under_their_usual_names(tmp_path: Path) -> None:
    found = people(csv(tmp_path, " Rec ID,First Name,Surname,DOB,Street_Number,Address_1,Shoe size\n1,a,b,c,7,d,42\n"))
    assert found.compared == {"given_name", "family_name", "birth_date", "street"}
    assert "Street_Number" in found.attributes["street"]
    assert found.ignored == ("Shoe size",)


def test_an_own_attribute_is_taken_where_the_model_names_it(tmp_path: Path) -> None:
    assert "shoe_size" in people(csv(tmp_path, "record_id,shoe_size\n1,42\n"), ("shoe_size",)).compared


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("given_name\nanna\n", "no column `record_id`"),
        ("record_id,given_name\n", "no records"),
        ("record_id,given_name\n1,anna\n1,bert\n", "1 records repeat"),
        ("record_id,given_name\n1,anna\n,bert\n", "1 records have no"),
        ("record_id,colour\n1,red\n", "no column says anything"),
        ("record_id,given_name\n1,anna\n2,b,c,d\n", "not every row"),
    ],
)
def test_a_file_of_records_that_cannot_be_judged_is_refused(tmp_path: Path, text: str, complaint: str) -> None:
    with pytest.raises(CdpError, match=complaint):
        people(csv(tmp_path, text))


def test_a_file_that_is_not_there_or_not_parquet_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CdpError, match="does not exist"):
        people(tmp_path / "nowhere.csv")
    with pytest.raises(CdpError, match="not Parquet"):
        people(csv(tmp_path, "record_id\n1\n", "wrong.parquet"))
    with pytest.raises(CdpError, match="the file is empty"):
        people(csv(tmp_path, ""))


def test_a_file_in_another_encoding_is_refused_with_the_way_out(tmp_path: Path) -> None:
    file = tmp_path / "people.csv"
    file.write_bytes("record_id,given_name\n1,Jürgen\n".encode("latin-1"))
    with pytest.raises(CdpError, match=r"UTF-8.*Convert it"):
        people(file)


def judged(folder: Path, clusters: dict[str, str], truth: str) -> Judgement:
    table = pa.table({"record_id": list(clusters), "cluster_id": list(clusters.values())})
    compared = pa.table(
        {"record_key_a": ["a", "a"], "record_key_b": ["b", "c"], "link_weight": pa.array([7.0, -40.0], pa.float64())}
    )
    return judge(table, compared, csv(folder, "record_id,person_id\n" + truth))


def test_pairs_and_clusters_are_counted(tmp_path: Path) -> None:
    result = judged(tmp_path, {"a": "1", "b": "1", "c": "2", "d": "3", "e": "3"}, "a,p\nb,p\nc,p\nd,q\ne,r\nz,r\n")
    assert (result.pairs.agreed, result.pairs.claimed, result.pairs.true) == (1, 2, 3)
    assert (result.clusters.agreed, result.clusters.claimed, result.clusters.true) == (0, 3, 3)
    assert (result.unknown_ids, result.unjudged) == (1, 0)
    assert result.over_merged["record_ids"].to_pylist() == [["d", "e"]]
    assert result.under_merged["record_ids"].to_pylist() == [["a", "b", "c"]]
    assert result.histogram.to_pylist() == [
        {"bits": -30, "matches": 1, "others": 0},
        {"bits": 6, "matches": 1, "others": 0},
    ]


def test_the_truth_itself_is_perfect(tmp_path: Path) -> None:
    result = judged(tmp_path, {"a": "1", "b": "1", "c": "2"}, "a,p\nb,p\nc,q\n")
    assert (result.pairs.f1, result.clusters.f1, result.clusters.precision) == (1.0, 1.0, 1.0)


@pytest.mark.parametrize(
    ("truth", "complaint"), [("a,p\na,q\n", "repeat"), ("a,\n", "lack"), ("z,p\n", "knows none of the records")]
)
def test_a_truth_that_contradicts_itself_is_refused(tmp_path: Path, truth: str, complaint: str) -> None:
    with pytest.raises(CdpError, match=complaint):
        judged(tmp_path, {"a": "1"}, truth)


def test_the_plot_escapes_its_title() -> None:
    histogram = pa.table({"bits": [-10, 0, 10], "matches": [0, 3, 900], "others": [5_000, 2, 0]})
    picture = weights_svg(histogram, "a<b>.csv")
    assert "a&lt;b&gt;.csv" in picture
    assert picture.count("<rect") == 7
