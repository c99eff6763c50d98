"""An HTTP server that can be stopped and then lets its process finish its work."""

import signal

import uvicorn


class Server(uvicorn.Server):
    """uvicorn, stopped by a signal or from any thread."""

    def run_until_stopped(self) -> None:
        """Serve until told to stop, finish the requests at hand, and return."""
        # When done, uvicorn raises the signal that stopped it again, for whoever handled it before.
        # Were that nobody, the process would end right there and leave its files as they are.
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self.stop)
        self.run()

    def stop(self, *_: object) -> None:
        """Have `run` return soon."""
        self.should_exit = True
