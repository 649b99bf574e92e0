"""A system that refuses further threads: the calling thread does the work and the log says so."""

import logging
import os
import resource
import sys
import threading

from common import check, little, pretend, serial

from fastml import _threads

records = []
handler = logging.Handler()
handler.emit = lambda record: records.append(record.getMessage())
logging.getLogger("fastml").addHandler(handler)

pretend(4)
expected = serial(little)
assert _threads._pool.n_threads == 0
if os.getuid() == 0:
    os.setresuid(12345, 12345, 12345)  # the limit does not hold for root
resource.setrlimit(resource.RLIMIT_NPROC, (0, 0))
try:
    threading.Thread(target=int).start()
except RuntimeError:
    pass
else:
    print("this system does not refuse threads")
    sys.exit()
check(little(), expected)
assert _threads._pool.n_threads == 0
assert len(records) == 1 and "can't start new thread" in records[0], records
