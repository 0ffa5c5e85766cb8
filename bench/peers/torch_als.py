"""Alternating least squares in PyTorch, as the fair rival of `als`: joint updates of factors and bias, plain regularization, batched.

Rows are sorted by length and cut into batches of rows of nearly the same length. A batch gathers its ratings' vectors, padded to its
longest row, forms all normal equations by one batched matrix product and solves them by one batched Cholesky. Where the padding goes is
worked out before the clock starts, as an index is elsewhere.

    torch_als.py FOLDER

FOLDER holds problem.json {users, items, factors, sweeps, mean, lambda, tau, gamma}, train-user.u32, train-item.u32, train-value.f32 and
item-factors.f32, the starting factors. It gets user-factors.f32, item-factors.f32, user-biases.f32 and item-biases.f32. Prints JSON.
"""

import json
import os
import sys
import time

import numpy as np
import torch

# Bytes of the vectors that a batch gathers, and how much longer than itself a row may be padded.
MOST_BYTES = {"cuda": 1 << 30, "cpu": 1 << 23}
MOST_PADDING = 1.25
WARM_SECONDS = 1.5


def batches_of(row, other, value, count, factors, device):
    """The batches of one side: rows [B], gather indices [B, P], ratings [B, P] and masks [B, P]; empty rows are in none."""
    order = np.argsort(row, kind="stable")
    lengths = np.bincount(row, minlength=count)
    starts = np.concatenate([[0], np.cumsum(lengths)[:-1]])
    by_length = np.argsort(-lengths, kind="stable")
    by_length = by_length[lengths[by_length] > 0]
    batches = []
    at = 0
    while at < len(by_length):
        longest = lengths[by_length[at]]
        most = max(1, MOST_BYTES[device.type] // (4 * (factors + 1) * longest))
        # Lengths fall, so those that are long enough come first.
        enough = int(np.searchsorted(-lengths[by_length], -longest / MOST_PADDING, side="right"))
        rows = by_length[at : max(at + 1, min(at + most, enough))]
        at += len(rows)
        place = np.arange(longest)[None, :]
        mask = place < lengths[rows][:, None]
        source = order[np.where(mask, starts[rows][:, None] + place, 0)]
        to = lambda array, dtype: torch.as_tensor(array, dtype=dtype, device=device)
        batches.append((to(rows, torch.int64), to(other[source], torch.int64), to(value[source], torch.float32), to(mask, torch.float32)))
    return batches


def half_sweep(batches, fixed, fixed_biases, solved, solved_biases, mean, noise, prior):
    """Solves (λ Σ y yᵀ + diag(prior)) x = λ Σ (r − μ − b) y, y = (v, 1), for all rows of a side; empty rows become 0."""
    solved.zero_()
    solved_biases.zero_()
    ones = torch.ones(len(fixed), 1, dtype=fixed.dtype, device=fixed.device)
    bordered = torch.cat([fixed, ones], 1)
    for rows, index, value, mask in batches:
        y = bordered[index] * mask[:, :, None]
        residual = (value - mean - fixed_biases[index]) * mask
        gram = noise * torch.bmm(y.transpose(1, 2), y)
        gram.diagonal(dim1=1, dim2=2).add_(prior)
        rhs = noise * torch.bmm(y.transpose(1, 2), residual[:, :, None])
        x = torch.cholesky_solve(rhs, torch.linalg.cholesky(gram))[:, :, 0]
        solved[rows] = x[:, :-1]
        solved_biases[rows] = x[:, -1]


def choose_threads(work):
    """One thread or one a core, whichever does the work faster: small systems may not be worth the waiting for one another."""
    times = {}
    for threads in {1, os.cpu_count()}:
        torch.set_num_threads(threads)
        work()
        started = time.perf_counter()
        work()
        times[threads] = time.perf_counter() - started
    torch.set_num_threads(min(times, key=times.get))


def main(folder):
    with open(os.path.join(folder, "problem.json")) as file:
        problem = json.load(file)
    path = lambda name: os.path.join(folder, name)
    user = np.fromfile(path("train-user.u32"), np.uint32).astype(np.int64)
    item = np.fromfile(path("train-item.u32"), np.uint32).astype(np.int64)
    value = np.fromfile(path("train-value.f32"), np.float32)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")

    started = time.perf_counter()
    factors = problem["factors"]
    by_user = batches_of(user, item, value, problem["users"], factors, device)
    by_item = batches_of(item, user, value, problem["items"], factors, device)
    u = torch.zeros(problem["users"], factors, device=device)
    v = torch.as_tensor(np.fromfile(path("item-factors.f32"), np.float32).reshape(-1, factors), device=device)
    b_u = torch.zeros(problem["users"], device=device)
    b_v = torch.zeros(problem["items"], device=device)
    prior = torch.tensor([problem["tau"]] * factors + [problem["gamma"]], device=device)
    synchronize = torch.cuda.synchronize if device.type == "cuda" else lambda: None
    synchronize()
    index_seconds = time.perf_counter() - started

    settings = (problem["mean"], problem["lambda"], prior)
    seconds = []
    with torch.no_grad():
        if device.type == "cpu":
            choose_threads(lambda: half_sweep(by_user, v, b_v, u, b_u, *settings))
        else:
            # A card that was idle takes a second to raise its clocks. The users are solved anew below.
            warm = time.perf_counter() + WARM_SECONDS
            while time.perf_counter() < warm:
                half_sweep(by_user, v, b_v, u, b_u, *settings)
                synchronize()
        for _ in range(problem["sweeps"]):
            started = time.perf_counter()
            half_sweep(by_user, v, b_v, u, b_u, *settings)
            half_sweep(by_item, u, b_u, v, b_v, *settings)
            synchronize()
            seconds.append(time.perf_counter() - started)

    for name, values in {"user-factors": u, "item-factors": v, "user-biases": b_u, "item-biases": b_v}.items():
        values.cpu().numpy().astype(np.float32).tofile(path(f"{name}.f32"))
    name = torch.cuda.get_device_name() if device.type == "cuda" else f"CPU threads: {torch.get_num_threads()}"
    print(json.dumps({"version": torch.__version__, "device": name, "index_seconds": index_seconds, "seconds": seconds}))


main(sys.argv[1])
