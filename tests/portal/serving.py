"""The portal on a real port, for a real browser."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import uvicorn

from portal.app import create_app
from tests.portal.world import World
from tests.servers import wait_for


@contextmanager
def serve(world: World, **changes: Any) -> Iterator[str]:
    """Its address, while it runs."""
    listening = socket.create_server(("127.0.0.1", 0))
    address = f"http://127.0.0.1:{listening.getsockname()[1]}"
    app = create_app(world.config(base_url=address, **changes))
    server = uvicorn.Server(uvicorn.Config(app, log_level="warning", access_log=False, proxy_headers=False))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
    thread.start()
    try:
        wait_for(lambda: server.started, "the portal to listen")
        yield address
    finally:
        server.should_exit = True
        thread.join(20)
        listening.close()
