"""A TCP proxy that delays every byte, as a longer way does."""
from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Iterator

from harness.process_group import free_port

CHUNK = 1 << 16


@contextlib.contextmanager
def delayed(port: int, seconds: float) -> Iterator[int]:
    """A port that leads to another one on this machine, so much later each way."""
    here = free_port()
    loop = asyncio.new_event_loop()
    started = threading.Event()
    thread = threading.Thread(target=_run, args=(loop, here, port, seconds, started), daemon=True)
    thread.start()
    started.wait(10)
    try:
        yield here
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)


def _run(loop: asyncio.AbstractEventLoop, here: int, port: int, seconds: float,
         started: threading.Event) -> None:
    async def connect(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        onward, back = await asyncio.open_connection("127.0.0.1", port)
        await asyncio.gather(_pass_on(loop, reader, back, seconds),
                             _pass_on(loop, onward, writer, seconds))

    asyncio.set_event_loop(loop)
    loop.run_until_complete(asyncio.start_server(connect, "127.0.0.1", here))
    started.set()
    loop.run_forever()


async def _pass_on(loop: asyncio.AbstractEventLoop, reader: asyncio.StreamReader,
                   writer: asyncio.StreamWriter, seconds: float) -> None:
    """Timers of one delay fire in their order, so the bytes keep theirs."""
    with contextlib.suppress(ConnectionError):
        while chunk := await reader.read(CHUNK):
            loop.call_later(seconds, writer.write, chunk)
    loop.call_later(seconds, writer.close)
