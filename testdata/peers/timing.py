import time


def best(f, times):
    """The shortest of several runs of f, in seconds."""
    took = []
    for _ in range(times):
        t = time.perf_counter()
        f()
        took.append(time.perf_counter() - t)
    return min(took)
