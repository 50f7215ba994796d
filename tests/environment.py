"""The environment of the test suite, set before Django reads its settings (loaded by `-p`, see pyproject.toml).

SQLite and the embedded Valkey by default; DATABASE_URL, BROKER_URL and CACHE_URL choose others.
"""

import atexit
import os
import shutil
import tempfile

DATA_DIR = tempfile.mkdtemp(prefix="desk-tests-")
atexit.register(shutil.rmtree, DATA_DIR, ignore_errors=True)

os.environ.update(DEMO="1", DATA_DIR=DATA_DIR, LOG_LEVEL="WARNING")
# Playwright keeps an event loop in the test's thread; Django would refuse the database there.
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"
