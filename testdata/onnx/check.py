"""Checks an ONNX model with onnx.checker, which infers all shapes too, and prints what is in it.

    /usr/bin/python3 check.py model.onnx        (Debian: python3-onnx)

Ends with status 77 where there is no onnx.
"""
import json
import sys

try:
    import onnx
    from onnx.numpy_helper import to_array
except ImportError as e:
    print(e)
    sys.exit(77)

model = onnx.load(sys.argv[1])
onnx.checker.check_model(model, full_check=True)
graph = onnx.shape_inference.infer_shapes(model, check_type=True, strict_mode=True).graph
shapes = {
    v.name: [d.dim_param or d.dim_value for d in v.type.tensor_type.shape.dim]
    for values in (graph.input, graph.value_info, graph.output)
    for v in values
}
print(json.dumps({
    "IR": model.ir_version,
    "Opset": [o.version for o in model.opset_import],
    "Nodes": [" ".join([node.op_type, *node.input, *node.output]) for node in graph.node],
    "Shapes": shapes,
    "Parameters": {t.name: to_array(t).tolist() for t in graph.initializer},
}))
