# SPDX-License-Identifier: MIT
"""The shared library and its functions, as include/aiaudit.h declares them."""
import ctypes
import os
from pathlib import Path

_Text = ctypes.c_char_p
_Handle = ctypes.c_void_p
_Out = ctypes.POINTER(ctypes.c_void_p)
_FUNCTIONS = {
    "aiaudit_version": (_Text, []),
    "aiaudit_error_code": (ctypes.c_int, []),
    "aiaudit_error_text": (_Text, []),
    "aiaudit_free": (None, [ctypes.c_void_p]),
    "aiaudit_open": (ctypes.c_int, [_Text, _Text, ctypes.POINTER(_Handle)]),
    "aiaudit_close": (ctypes.c_int, [_Handle]),
    "aiaudit_flush": (ctypes.c_int, [_Handle]),
    "aiaudit_record": (ctypes.c_int, [_Handle, _Text, _Out]),
    "aiaudit_append": (ctypes.c_int, [_Handle, _Text, _Out]),
    "aiaudit_admit": (ctypes.c_int, [_Handle, _Text, _Out]),
    "aiaudit_settle": (ctypes.c_int, [_Handle, _Text, _Out]),
    "aiaudit_reconcile": (ctypes.c_int, [_Handle, ctypes.c_uint64, ctypes.POINTER(ctypes.c_uint64)]),
    "aiaudit_budget_set": (ctypes.c_int, [_Handle, _Text]),
    "aiaudit_budget_remove": (ctypes.c_int, [_Handle, _Text]),
    "aiaudit_budget_list": (ctypes.c_int, [_Handle, _Out]),
    "aiaudit_report": (ctypes.c_int, [_Handle, _Text, _Out]),
    "aiaudit_records": (ctypes.c_int, [_Handle, ctypes.c_uint64, ctypes.c_uint64, _Out]),
    "aiaudit_verify": (ctypes.c_int, [_Handle, _Text, _Out]),
    "aiaudit_checkpoint": (ctypes.c_int, [_Handle, _Text, _Out]),
}


def _load() -> ctypes.CDLL:
    """AIAUDIT_LIBRARY, else the library of the wheel, else the system's."""
    given = os.environ.get("AIAUDIT_LIBRARY")
    beside = Path(__file__).with_name("libaiaudit_c.so")
    name = given or (str(beside) if beside.exists() else "libaiaudit_c.so.1")
    try:
        library = ctypes.CDLL(name)
    except OSError as failure:
        raise ImportError(f"aiaudit: {name} cannot be loaded ({failure}); it needs liblmdb, libcrypto, libboost_json and "
                          "libdate-tz of the system that it was built on") from failure
    for function, (result, arguments) in _FUNCTIONS.items():
        loaded = getattr(library, function)
        loaded.restype = result
        loaded.argtypes = arguments
    return library


library = _load()
