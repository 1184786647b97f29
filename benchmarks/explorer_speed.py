"""From a key to the explorer's next picture, in a local kernel at 256 px: python benchmarks/explorer_speed.py

A real kernel gets the message that a browser sends for an arrow key, and the
time runs until the new PNG and then the new numbers have come back. A browser
adds its own few milliseconds; `make test-browser` measures those, too. Median
and worst of 60 moves, with and without a network.
"""

import os
import time

import numpy as np
from jupyter_client.manager import start_new_kernel

SETUP = """
from braintut import load_pipeline, load_slices
from braintut.teaching.explorer import SliceExplorer
slices = load_slices(256)
patient = max(set(slices.patients), key=list(slices.patients).count)
plain = SliceExplorer(slices, patient=patient)
pipeline = load_pipeline(slices=slices)
full = SliceExplorer(slices, pipeline, patient=patient)
for e in (plain, full):
    print(e.position.model_id, e.picture.model_id, e.numbers.model_id, e.position.max)
"""


def main() -> None:
    os.environ["BRAINTUT_DATA"] = "phantoms"
    os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
    manager, client = start_new_kernel(kernel_name="python3")
    try:
        printed = run(client, SETUP).splitlines()
        print(f"{os.cpu_count()} cores")
        for name, line in zip(("slices alone", "with a network"), printed, strict=True):
            slider, picture, numbers, n = line.split()
            times = np.array([move(client, slider, picture, numbers, 1 + i % int(n)) for i in range(1, 61)]) * 1000
            for what, ms in zip(("picture", "numbers"), times.T, strict=True):
                print(f"key to {what}, {name}: median {np.median(ms):.0f} ms, worst {ms.max():.0f} ms")
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)


def run(client, code: str) -> str:
    """Run code in the kernel; return what it printed."""
    printed = []

    def listen(message: dict) -> None:
        if message["msg_type"] == "error":
            raise RuntimeError("\n".join(message["content"]["traceback"]))
        if message["msg_type"] == "stream" and message["content"]["name"] == "stdout":
            printed.append(message["content"]["text"])

    client.execute_interactive(code, output_hook=listen, timeout=600)
    return "".join(printed)


def move(client, slider: str, picture: str, numbers: str, value: int) -> tuple[float, float]:
    """Send a slider's new value as a browser does; return seconds until picture and numbers are here."""
    data = {"method": "update", "state": {"value": value}, "buffer_paths": []}
    message = client.session.msg("comm_msg", {"comm_id": slider, "data": data})
    start = time.perf_counter()
    client.shell_channel.send(message)
    arrived, own = {}, message["header"]["msg_id"]
    while True:
        answer = client.get_iopub_msg(timeout=60)
        if answer["parent_header"].get("msg_id") != own:
            continue
        if answer["content"].get("execution_state") == "idle":
            return arrived[picture], arrived[numbers]
        if brings_value(answer):
            arrived.setdefault(answer["content"]["comm_id"], time.perf_counter() - start)


def brings_value(answer: dict) -> bool:
    """Whether a message gives a widget its new value, in its state or as bytes beside it."""
    data = answer["content"].get("data", {}) if answer["msg_type"] == "comm_msg" else {}
    return "value" in data.get("state", {}) or ["value"] in data.get("buffer_paths", [])


if __name__ == "__main__":
    main()
