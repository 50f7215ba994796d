"""How the web process serves: gunicorn, threads, few words. (docs/decisions/0001)

    python -m gunicorn -c python:project.gunicorn project.wsgi:application

The supervisor binds the socket itself and hands it over as WEB_FD, so a port that is taken is noticed before anything
starts, and a restart of the web loses no connection. Without WEB_FD the desk binds to HOST and PORT.
"""

import os
from pathlib import Path

_fd = os.environ.get("WEB_FD")
bind = f"fd://{_fd}" if _fd else f"{os.environ.get('HOST', '127.0.0.1')}:{os.environ.get('PORT', '8000')}"

# The number of threads decides, not the server: 24 slow downloads stop 2 × 8 dead, and leave 2 × 64 at full speed.
worker_class = "gthread"
workers = int(os.environ.get("WEB_PROCESSES", "2"))
threads = int(os.environ.get("WEB_THREADS", "64"))
preload_app = True  # Django is loaded once and then forked; nothing opens a connection before the fork
keepalive = 15
# A download in flight must not hold the stop: after this many seconds it is cut, and the browser resumes it.
graceful_timeout = 5
# The workers' sign of life is written here; a disk that is busy with a big file must not look like a dead worker.
_memory = Path("/dev/shm")  # noqa: S108  a file that is opened and unlinked at once
worker_tmp_dir = str(_memory) if _memory.is_dir() else None
control_socket_disable = True  # nobody asks it anything, and it would lie in the home folder
umask = 0o077

loglevel = "warning"
errorlog = "-"
logger_class = "project.weblog.WebLog"
# A line for each answer. Off by default: the proxy before the web keeps one too.
accesslog = "-" if os.environ.get("ACCESS_LOG") == "1" else None
