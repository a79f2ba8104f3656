"""The layout core of the DAG view: graph in, drawing out. Pure: no Textual, no engine, no clock, no chance.

`lay_out(FlowGraph(...))` answers with a Drawing, which a widget fills and colours, or `render_text` prints. The order
of work is layer, proper, order, coord, port, route (together: part), paint, label.
"""

from .chips import chip_text, chip_width, fit, render_text, short_names
from .drawing import Box, Column, Direction, Drawing, EdgeKey, Frame, Label, Point, Run, Wire
from .glyphs import ASCII, UNICODE, Arm, Glyphs, Mark
from .graph import EdgeKind, FlowColumn, FlowEdge, FlowGraph, FlowGroup, FlowNode, GraphInvalid, NodeKind, hide_implied
from .layout import lay_out
from .part import Spacing

__all__ = [
    "ASCII",
    "UNICODE",
    "Arm",
    "Box",
    "Column",
    "Direction",
    "Drawing",
    "EdgeKey",
    "EdgeKind",
    "FlowColumn",
    "FlowEdge",
    "FlowGraph",
    "FlowGroup",
    "FlowNode",
    "Frame",
    "Glyphs",
    "GraphInvalid",
    "Label",
    "Mark",
    "NodeKind",
    "Point",
    "Run",
    "Spacing",
    "Wire",
    "chip_text",
    "chip_width",
    "fit",
    "hide_implied",
    "lay_out",
    "render_text",
    "short_names",
]
