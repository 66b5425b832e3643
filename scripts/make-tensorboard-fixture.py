#!/usr/bin/env python3
"""Writes the event file that TensorBoardLogTest compares with, by TensorBoard's own writer.

Needs: pip install tensorboard. Run from the repository's root.
"""

import pathlib

from tensorboard.compat.proto import event_pb2, summary_pb2, tensor_pb2, tensor_shape_pb2, types_pb2
from tensorboard.summary.writer.record_writer import RecordWriter

TARGET = pathlib.Path("src/test/resources/tensorboard/events.out.tfevents.1700000000.invp")
WALL = 1_700_000_000.25


def text(tag, markdown):
    shape = tensor_shape_pb2.TensorShapeProto(dim=[tensor_shape_pb2.TensorShapeProto.Dim(size=1)])
    tensor = tensor_pb2.TensorProto(
        dtype=types_pb2.DT_STRING, tensor_shape=shape, string_val=[markdown.encode()]
    )
    plugin = summary_pb2.SummaryMetadata.PluginData(plugin_name="text")
    metadata = summary_pb2.SummaryMetadata(plugin_data=plugin)
    return summary_pb2.Summary.Value(tag=tag, tensor=tensor, metadata=metadata)


def scalars(**values):
    return [summary_pb2.Summary.Value(tag=f"epoch/{k}", simple_value=v) for k, v in values.items()]


def event(step, values):
    return event_pb2.Event(wall_time=WALL, step=step, summary=summary_pb2.Summary(value=values))


start = event_pb2.SessionLog(status=event_pb2.SessionLog.START)
events = [
    event_pb2.Event(wall_time=WALL, file_version="brain.Event:2"),
    event_pb2.Event(wall_time=WALL, step=300, session_log=start),
    event(300, [text("config", "    seed: 0\n    τ: 0.2\n")]),
    event(70_000, scalars(loss=5.25, lr=1e-3, cosine=-0.5, nothing=0.0)),
    event(5_000_000_000, scalars(loss=float("nan"), lr=3e38)),
]
TARGET.parent.mkdir(parents=True, exist_ok=True)
with TARGET.open("wb") as file:
    writer = RecordWriter(file)
    for item in events:
        writer.write(item.SerializeToString(deterministic=True))
print(TARGET, TARGET.stat().st_size, "bytes")
