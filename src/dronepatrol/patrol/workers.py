"""The same work by this process, by several, or by a cluster [distributed]; results come as they are done."""

import multiprocessing
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from itertools import islice
from typing import Any, TypeVar

from dronepatrol.errors import DronePatrolError, InputError

Item = TypeVar("Item")
Result = TypeVar("Result")

_AHEAD = 2  # items in work or waiting, for each worker: no more are in memory
_CONNECT_S = 15
_RETRIES = 5


def work_here(work: Callable[[Item], Result], items: Iterable[Item]) -> Iterator[tuple[Item, Result]]:
    """Yield each item with its result, in this process."""
    for item in items:
        yield item, work(item)


def work_in_processes(
    work: Callable[[Item], Result], items: Iterable[Item], jobs: int
) -> Iterator[tuple[Item, Result]]:
    """Yield each item with its result, as they are done by so many processes.

    Raises
    ------
    DronePatrolError
        When a process dies.
    """
    waiting = iter(items)
    pool = ProcessPoolExecutor(jobs, mp_context=multiprocessing.get_context("spawn"))
    try:
        running: dict[Future[Result], Item] = {pool.submit(work, item): item for item in islice(waiting, _AHEAD * jobs)}
        while running:
            done, _ = wait(running, return_when=FIRST_COMPLETED)
            for future in done:
                yield running.pop(future), future.result()
            running |= {pool.submit(work, item): item for item in islice(waiting, len(done))}
    except BrokenProcessPool as error:
        msg = "a worker process died, perhaps for lack of memory"
        raise DronePatrolError(
            msg, hint="run the same command again: what was read is kept; try fewer --jobs"
        ) from error
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def work_on_cluster(
    work: Callable[[Item], Result], items: Iterable[Item], address: str
) -> Iterator[tuple[Item, Result]]:
    """Yield each item with its result, as a Dask cluster's workers do them; work of a worker that dies is done again.

    The workers need the same version of this package and see the files under the same paths.

    Raises
    ------
    InputError
        When the library is missing, or no scheduler answers at the address.
    DronePatrolError
        When the cluster gives up.
    """
    client = _client(address)
    try:
        yield from _on(client, work, iter(items))
    finally:
        client.close()


def _client(address: str) -> Any:
    try:
        import distributed  # noqa: PLC0415 optional
    except ImportError as error:
        msg = "--scheduler needs the library distributed, which is not installed"
        raise InputError(msg, hint='pip install "dronepatrol[cluster]"') from error
    library: Any = distributed
    try:
        return library.Client(address, timeout=_CONNECT_S, set_as_default=False)
    except (OSError, TimeoutError, ValueError) as error:
        msg = f"no Dask scheduler answers at {address}"
        raise InputError(
            msg, hint="start one with `dask scheduler`, workers with `dask worker tcp://HOST:8786`"
        ) from error


def _on(client: Any, work: Callable[[Item], Result], waiting: Iterator[Item]) -> Iterator[tuple[Item, Result]]:
    import distributed  # noqa: PLC0415 optional
    from distributed.client import FutureCancelledError  # noqa: PLC0415
    from distributed.scheduler import KilledWorker  # noqa: PLC0415

    library: Any = distributed

    def submitted(count: int) -> dict[Any, Item]:
        new = islice(waiting, count)
        return {client.submit(work, item, pure=False, retries=_RETRIES): item for item in new}

    workers = sum(client.nthreads().values()) or 1
    running = submitted(_AHEAD * workers)
    queue = library.as_completed(list(running), loop=client.loop)
    try:
        for future in queue:
            item, result = running.pop(future), future.result()
            future.release()
            new = submitted(1)
            running |= new
            queue.update(list(new))
            yield item, result
    except (KilledWorker, FutureCancelledError, OSError, TimeoutError) as error:
        msg = f"the cluster gave up: {error}"
        raise DronePatrolError(msg, hint="run the same command again: what was read is kept") from error
