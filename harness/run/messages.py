# SPDX-License-Identifier: GPL-2.0-only
"""What the supervisor and its explorers send one another.

A connection of multiprocess pickles by dill, which is written in Python, to be able to send
functions.  These are plain data: the standard library's pickler takes a twentieth of the time.
"""

import pickle
from typing import Any


def packed(message: object) -> bytes:
    return pickle.dumps(message, pickle.HIGHEST_PROTOCOL)


def unpacked(message: bytes) -> Any:
    return pickle.loads(message)


def send(connection: Any, message: object) -> None:
    connection.send_bytes(packed(message))


def receive(connection: Any) -> Any:
    return unpacked(connection.recv_bytes())
