# SPDX-License-Identifier: GPL-2.0-only
"""harness/_core.pyi says what native/api.h declares.  ``--write`` makes it so."""

import runpy
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from cffi import FFI

ROOT = Path(__file__).resolve().parent.parent
STUB = ROOT / "harness" / "_core.pyi"

HEADER = """\
# SPDX-License-Identifier: GPL-2.0-only
# Generated from native/api.h by tools/lint_core_stub.py --write; make lint compares the two.
#
# A struct of C and a pointer to it are one class here, as their fields are reached alike.  Any
# stands for what has no counterpart in Python: char arrays, strings, pointers to numbers.
from typing import Any, Generic, Literal, Self, TypeVar, overload, type_check_only

_T = TypeVar("_T")

@type_check_only
class _Array(Generic[_T]):
    def __getitem__(self, index: int, /) -> _T: ...
    def __setitem__(self, index: int, value: Any, /) -> None: ...
    def __len__(self) -> int: ...
"""

FFI_CLASS = """\
    @overload
    def new(self, cdecl: str, init: Any = ..., /) -> Any: ...
    def addressof(self, cdata: Any, /, *fields: str | int) -> Any: ...
    def buffer(self, cdata: Any, size: int = ..., /) -> Any: ...
    def cast(self, cdecl: str, value: Any, /) -> Any: ...
    def from_buffer(self, cdecl: str, python_buffer: Any, require_writable: bool = ...) -> Any: ...
    def memmove(self, dest: Any, src: Any, n: int) -> None: ...
    def offsetof(self, cdecl: str, field: str | int, /, *fields: str | int) -> int: ...
    def release(self, cdata: Any, /) -> None: ...
    def sizeof(self, cdecl: Any, /) -> int: ...
    def string(self, cdata: Any, maxlen: int = ...) -> bytes: ...
    def typeof(self, cdecl: Any, /) -> Any: ...
    def unpack(self, cdata: Any, length: int) -> Any: ...

ffi: _FFI
lib: _Lib
"""

Declaration = tuple[str, str, Any]  # kind, name, cffi's description of the type


def python_type(c_type: Any) -> str:
    """The Python type that cffi converts this C type to and from."""
    kind = type(c_type).__name__
    if kind == "VoidType":
        return "None"
    if kind == "EnumType":
        return "int"
    if kind == "StructType":
        return str(c_type.name)
    if kind in ("PointerType", "ConstPointerType"):
        target = c_type.totype
        return python_type(target) if type(target).__name__ == "StructType" else "Any"
    if kind == "ArrayType" and not (is_primitive(c_type.item) and c_type.item.is_char_type()):
        return f"_Array[{python_type(c_type.item)}]"
    if is_primitive(c_type) and c_type.is_integer_type():
        return "bool" if c_type.name == "_Bool" else "int"
    if is_primitive(c_type) and c_type.is_float_type():
        return "float"
    return "Any"


def is_primitive(c_type: Any) -> bool:
    return type(c_type).__name__ == "PrimitiveType"


def declared() -> list[Declaration]:
    """What stands between the cffi marks of api.h, in its order."""
    build = runpy.run_path(str(ROOT / "native" / "build_core.py"), run_name="build_core")
    ffi = FFI()
    ffi.cdef(build["declarations"]())
    parsed = ffi._parser._declarations  # type: ignore[attr-defined]
    return [(*key.split(" ", 1), c_type) for key, (c_type, _) in parsed.items()]


def struct_lines(structs: list[Declaration]) -> Iterator[str]:
    for _, name, c_type in structs:
        yield "\n@type_check_only\n"
        yield f"class {name}:\n"
        for field, field_type in zip(c_type.fldnames or (), c_type.fldtypes or (), strict=True):
            yield f"    {field}: {python_type(field_type)}\n"
        yield "    def __getitem__(self, index: int, /) -> Self: ...\n"


def lib_lines(declarations: list[Declaration]) -> Iterator[str]:
    yield "\n@type_check_only\nclass _Lib:\n"
    for kind, name, c_type in declarations:
        if kind == "function":
            arguments = [f"a{n}: {python_type(arg)}" for n, arg in enumerate(c_type.args)]
            signature = ", ".join(["self", *arguments, *(["/"] if arguments else [])])
            yield f"    def {name}({signature}) -> {python_type(c_type.result)}: ...\n"
        elif kind == "macro":
            yield f"    {name}: int\n"
        elif kind in ("variable", "constant"):
            yield f"    {name}: {python_type(c_type)}\n"
        elif type(c_type).__name__ == "EnumType":
            yield from (f"    {constant}: int\n" for constant in c_type.enumerators)


def ffi_lines(structs: list[Declaration]) -> Iterator[str]:
    yield "\n@type_check_only\nclass _FFI:\n    NULL: Any\n"
    for _, name, _ in structs:
        for suffix, result in ((" *", name), ("[]", f"_Array[{name}]")):
            cdecl = f'cdecl: Literal["struct {name}{suffix}"]'
            yield "    @overload\n"
            yield f"    def new(self, {cdecl}, init: Any = ..., /) -> {result}: ...\n"
    yield FFI_CLASS


def main(arguments: list[str]) -> int:
    declarations = declared()
    structs = [entry for entry in declarations if entry[0] == "struct"]
    lines = [*struct_lines(structs), *lib_lines(declarations), *ffi_lines(structs)]
    text = HEADER + "".join(lines)
    if arguments == ["--write"]:
        STUB.write_text(text, encoding="utf-8")
        return 0
    if not STUB.exists() or STUB.read_text(encoding="utf-8") != text:
        print("harness/_core.pyi differs from native/api.h: python tools/lint_core_stub.py --write")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
