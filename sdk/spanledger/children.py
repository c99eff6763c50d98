"""Processes of `multiprocessing` end without Python's own exit; their last batch is sent all the same."""

from collections.abc import Callable

_seen_out: list[Callable[[], object]] = []


def see_out(act: Callable[[], object]) -> None:
    """Act at the end of every process that `multiprocessing` forks from now on; once is enough."""
    if act in _seen_out:
        return
    _seen_out.append(act)
    from multiprocessing import util

    util.register_after_fork(act, lambda _: util.Finalize(None, act, exitpriority=0))
