"""Writes the golden files beside this script with the reference implementation: python golden.py (safetensors, numpy, ml_dtypes)."""
import os
import ml_dtypes
import numpy as np
from safetensors import serialize
from safetensors.numpy import save_file

here = os.path.dirname(os.path.abspath(__file__))
numbers = [0, 1, -1, 2.5, 65504, float("inf"), float("-inf"), float("nan")]
of_type = {
    "bool": np.array([[True, False], [False, True]]),
    "u8": np.array([0, 1, 255], "uint8"),
    "i8": np.array([-128, 127], "int8"),
    "u16": np.array([0, 65535], "uint16"),
    "i16": np.array([-32768, 32767], "int16"),
    "f16": np.array(numbers, "float16"),
    "bf16": np.array(numbers, ml_dtypes.bfloat16),
    "u32": np.array([0, 4294967295], "uint32"),
    "i32": np.array([-2147483648, 2147483647], "int32"),
    "f32": np.array(numbers, "float32").reshape(2, 2, 2),
    "f64": np.array(numbers, "float64"),
    "u64": np.array([0, 18446744073709551615], "uint64"),
    "i64": np.array([-9223372036854775808, 9223372036854775807], "int64"),
    "c64": np.array([1 + 2j], "complex64"),
}
save_file(of_type, f"{here}/types.safetensors")
shapes = {
    "scalar": np.array(3, "float32"),
    "empty": np.zeros((0, 4), "float32"),
    "one": np.ones((1, 1, 1, 1, 1), "float32"),
    "": np.array([7], "int64"),
}
save_file(shapes, f"{here}/shapes.safetensors")
names = [
    'quote"', "back\\slash", "slash/é", "tab\t", "line\nfeed", "return\rfeed", "\b\f\x01\x1f\x7f", "ünïcødé", "日本",
    "\ue000", "\U0001f600", "a", "A", "a.b", "dense/kernel",
]
save_file({name: np.array([i], "int32") for i, name in enumerate(names)}, f"{here}/names.safetensors", metadata={"format": 'n"p\n'})
save_file({}, f"{here}/none.safetensors")
save_file({}, f"{here}/metadata.safetensors", metadata={"by": "reference"})
