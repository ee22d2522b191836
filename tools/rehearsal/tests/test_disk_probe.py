import tempfile
import time
import unittest

from rehearsal.disk_probe import DiskProbe


class DiskProbeTest(unittest.TestCase):
    def test_a_stall_counts_in_every_period_in_which_it_was_in_flight(self) -> None:
        with tempfile.TemporaryDirectory() as directory:
            probe = DiskProbe(directory)
            probe.writes = [(100.0, 3.0), (100.1, 2500.0), (102.7, 4.0)]
            self.assertEqual(2500.0, probe.slowest_write(100.0, 101.0))
            self.assertEqual(2500.0, probe.slowest_write(102.0, 103.0))
            self.assertEqual(4.0, probe.slowest_write(102.65, 103.0))
            self.assertIsNone(probe.slowest_write(103.0, 104.0))

    def test_writes_until_it_is_stopped(self) -> None:
        with tempfile.TemporaryDirectory() as directory:
            probe = DiskProbe(directory)
            probe.start()
            deadline = time.monotonic() + 10
            while not probe.writes and time.monotonic() < deadline:
                probe.stopped.wait(0.01)
            probe.stop()
            self.assertFalse(probe.thread.is_alive())
            slowest = probe.slowest_write(0, time.time())
            self.assertIsNotNone(slowest)
            self.assertGreater(slowest or 0, 0)
