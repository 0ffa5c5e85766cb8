"""Alternating least squares of the library implicit on the problem that the others get.

    implicit_als.py FOLDER exact|cg

FOLDER holds problem.json {users, items, factors, sweeps, tau, confidence}, train-user.u32, train-item.u32, train-value.f32 and the starting
factors item-factors.f32; it gets user-factors.f32 and item-factors.f32. Prints JSON. The library's matrix holds the confidences themselves,
c = 1 + α r, and its regularization is τ: its loss is twice ours.
"""

import json
import os
import sys

# As the library asks for: its own threads take the place of the BLAS library's.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
os.environ.setdefault("MKL_NUM_THREADS", "1")

import implicit
import numpy as np
from implicit.cpu.als import AlternatingLeastSquares
from scipy.sparse import csr_matrix


def main(folder, solver):
    path = lambda name: os.path.join(folder, name)
    with open(path("problem.json")) as file:
        problem = json.load(file)
    user = np.fromfile(path("train-user.u32"), np.uint32)
    item = np.fromfile(path("train-item.u32"), np.uint32)
    confidence = 1 + problem["confidence"] * np.fromfile(path("train-value.f32"), np.float32)
    shape = (problem["users"], problem["items"])
    model = AlternatingLeastSquares(
        factors=problem["factors"],
        regularization=problem["tau"],
        alpha=1.0,
        iterations=problem["sweeps"],
        use_cg=solver == "cg",
        num_threads=0,
    )
    model.item_factors = np.fromfile(path("item-factors.f32"), np.float32).reshape(-1, problem["factors"])
    model.user_factors = np.zeros((problem["users"], problem["factors"]), np.float32)
    seconds = []
    model.fit(
        csr_matrix((confidence, (user, item)), shape=shape),
        show_progress=False,
        callback=lambda iteration, elapsed, *loss: seconds.append(elapsed),
    )
    model.user_factors.astype(np.float32).tofile(path("user-factors.f32"))
    model.item_factors.astype(np.float32).tofile(path("item-factors.f32"))
    print(json.dumps({"version": implicit.__version__, "device": f"CPU threads: {os.cpu_count()}", "seconds": seconds}))


main(*sys.argv[1:])
