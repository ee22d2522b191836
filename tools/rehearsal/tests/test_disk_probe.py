import tempfile
import time
import unittest

from rehearsal.disk_probe import Disk


class DiskTest(unittest.TestCase):
    def test_a_stall_counts_wherever_it_was_under_way(self):
        with tempfile.TemporaryDirectory() as directory:
            disk = Disk(directory)
            disk.writes = [(100.0, 3.0), (100.1, 2500.0), (102.7, 4.0)]
            self.assertEqual(2500.0, disk.worst(100.0, 101.0))
            self.assertEqual(2500.0, disk.worst(102.0, 103.0))
            self.assertEqual(4.0, disk.worst(102.65, 103.0))
            self.assertIsNone(disk.worst(103.0, 104.0))

    def test_writes_until_it_is_stopped(self):
        with tempfile.TemporaryDirectory() as directory:
            disk = Disk(directory)
            disk.start()
            deadline = time.monotonic() + 10
            while not disk.writes and time.monotonic() < deadline:
                disk.over.wait(0.01)
            disk.stop()
            self.assertFalse(disk.thread.is_alive())
            self.assertGreater(disk.worst(0, time.time()), 0)
