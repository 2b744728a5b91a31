"""How fast a training step is, and with which of torch's switches: `python -m bench.speed`."""

from statistics import median
from time import perf_counter
from typing import Any

import torch

from helpers.heatmap import HeatmapNet, heatmap_loss
from helpers.model import CPU_HAS_BF16

BATCH, STEPS = 32, 12
# what is switched on: (channels last, 16-bit arithmetic, compiled)
WAYS = {
    "32 bits": (False, False, False),
    "32 bits, channels last": (True, False, False),
}
if CPU_HAS_BF16:
    WAYS["16 bits (bf16), channels last"] = (True, True, False)
WAYS[f"{list(WAYS)[-1]}, compiled"] = (True, CPU_HAS_BF16, True)


def measure(steps: int = STEPS) -> dict[str, Any]:
    """Faces a second of `HeatmapNet`'s training step on the CPU, made-up faces: way to number.

    The median of some steps, after two that warm up; compiling takes its time once, in seconds.
    """
    speeds, compiling = {}, None
    for way, (last, sixteen, compiled) in WAYS.items():
        torch.manual_seed(0)
        network = HeatmapNet().train()
        if last:
            network.to(memory_format=torch.channels_last)
        outputs = torch.compile(network.outputs) if compiled else network.outputs
        optimizer = torch.optim.AdamW(network.parameters())
        images, targets = torch.randn(BATCH, 1, 128, 128), torch.rand(BATCH, 136) - 0.5
        times = []
        for _ in range(2 + steps):
            began = perf_counter()
            with torch.autocast("cpu", torch.bfloat16, enabled=sixteen):
                loss = heatmap_loss(outputs(images), targets)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            times.append(perf_counter() - began)
        speeds[way] = round(BATCH / median(times[2:]))
        compiling = round(times[0]) if compiled else compiling
        print(f"{way:>42}: {speeds[way]:4d} faces a second", flush=True)
    threads = torch.get_num_threads()
    return {"faces_per_second": speeds, "compiling_seconds": compiling, "threads": threads}


if __name__ == "__main__":
    measure()
