"""What runs beside the rehearsal until it is stopped."""
import threading


class Background:
    """Its `run` ends soon after `over` is set."""

    def __init__(self):
        self.over = threading.Event()
        self.thread = threading.Thread(target=self.run, daemon=True)

    def start(self):
        self.thread.start()

    def stop(self):
        self.over.set()
        self.thread.join(30)

    def run(self):
        raise NotImplementedError
