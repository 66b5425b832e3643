"""Reads what EmbeddingTableTest wrote by Arrow's reader."""
import pathlib
import sys

import numpy
import pyarrow
import pyarrow.parquet

folder = pathlib.Path(sys.argv[1])
expected = numpy.load(folder / "x.npy")
table = pyarrow.parquet.read_table(folder / "x.parquet")
assert table.schema.names == ["index", "image", "label", "class", "embedding"], table.schema
assert table.schema.field("index").type == pyarrow.int64()
assert table.schema.field("image").type == pyarrow.string()
assert table.schema.field("label").type == pyarrow.int32()
assert table.schema.field("embedding").type.value_type == pyarrow.float32()
assert table.schema.metadata[b"dimension"] == b"5" and table.schema.metadata[b"layer"] == b"backbone"
assert table["index"].to_pylist() == list(range(7))
assert table["image"].to_pylist() == [f"/data/{i}.jpg" for i in range(7)]
assert table["label"].to_pylist() == [0, 1, 0, 1, 0, 1, None]
assert table["class"].to_pylist() == ["Bär", "cow", "Bär", "cow", "Bär", "cow", None]
assert numpy.array_equal(numpy.array(table["embedding"].to_pylist(), numpy.float32), expected)
# As docs/weights.md says it.
flat = table["embedding"].combine_chunks().flatten().to_numpy().reshape(len(table), -1)
assert numpy.array_equal(flat, expected)
several = pyarrow.parquet.read_table(folder / "s.parquet")
assert several["labels"].to_pylist() == [[0, 1], [1], [], [], [], [], []], several["labels"]
print("the tables agree")
