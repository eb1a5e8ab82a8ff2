# SPDX-License-Identifier: GPL-2.0-only
"""As much of protobuf's wire format as a writer needs: fields in order, by number.

Encoding, protobuf.dev/programming-guides/encoding: a field is a varint of (number << 3 | wire type)
and its value; a message within a message is its bytes behind their length.
"""

VARINT, FIXED64, BYTES = 0, 1, 2


def varint(value: int) -> bytes:
    """Negative numbers are those of 64 bits, two's complement."""
    value &= (1 << 64) - 1
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def number(field: int, value: int) -> bytes:
    return varint(field << 3 | VARINT) + varint(value)


def fixed64(field: int, value: int) -> bytes:
    return varint(field << 3 | FIXED64) + value.to_bytes(8, "little")


def data(field: int, value: bytes) -> bytes:
    """Bytes, or a message that is encoded already."""
    return varint(field << 3 | BYTES) + varint(len(value)) + value


def string(field: int, value: str) -> bytes:
    return data(field, value.encode("utf-8", "replace"))
