"""Syncs with a network, shows the progress, and prints the balance of an account.

    python3 balance.py ../../../build/clib/libspvd.so '{"dir": "/tmp/spvd", "network": "simnet",
        "connect": ["127.0.0.1:18555"], "accounts": [{"name": "default", "xpub": "spub..."}]}'

It needs nothing but Python: the library is loaded with ctypes.
"""
import ctypes
import json
import sys

ABI = 1


class Failure(Exception):
    """What the library reports: args are the number and the message."""


class Client:
    """A light client in this process. Use it in a with statement."""

    def __init__(self, library, config):
        self.lib = ctypes.CDLL(library)
        text, out, handle = ctypes.c_char_p, ctypes.POINTER(ctypes.c_void_p), ctypes.c_size_t
        for name, args in {
            "spvd_open": [text, ctypes.POINTER(handle), out],
            "spvd_start": [handle, out],
            "spvd_stop": [handle, out],
            "spvd_call": [handle, text, text, text, out],
            "spvd_next_event": [handle, ctypes.c_int64, out],
            "spvd_close": [handle, out],
            "spvd_free": [ctypes.c_void_p],
        }.items():
            getattr(self.lib, name).argtypes = args
        self.lib.spvd_free.restype = None
        if self.lib.spvd_abi() != ABI:
            raise Failure(0, "the library has another interface")
        self.handle = handle()
        self._ask("spvd_open", json.dumps(config).encode(), ctypes.byref(self.handle))
        self._ask("spvd_start", self.handle)

    def _ask(self, function, *args):
        """Calls a function whose last argument is text that it returns."""
        out = ctypes.c_void_p()
        code = getattr(self.lib, function)(*args, ctypes.byref(out))
        text = ctypes.string_at(out).decode() if out else ""
        self.lib.spvd_free(out)
        if code != 0:
            raise Failure(code, json.loads(text)["message"])
        return text

    def call(self, method, *params, wallet=""):
        encoded = json.dumps(params).encode()
        return json.loads(self._ask("spvd_call", self.handle, wallet.encode(), method.encode(), encoded))

    def events(self):
        """The events of all subscriptions, until the client is stopped."""
        while True:
            yield json.loads(self._ask("spvd_next_event", self.handle, -1))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._ask("spvd_close", self.handle)


def main(library, config):
    with Client(library, json.loads(config)) as client:
        client.call("subscribe", "syncstatus")
        for event in client.events():
            status = event["params"][0]
            if status["synced"]:
                print("synced at block", status["tip"]["height"])
                break
        print("balance:", client.call("getbalance")["cumulativetotal"], "DCR")


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit("usage: balance.py LIBRARY CONFIG")
    try:
        main(*sys.argv[1:])
    except Failure as failure:
        sys.exit("balance.py: %s (%d)" % (failure.args[1], failure.args[0]))
