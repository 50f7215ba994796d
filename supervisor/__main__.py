"""From beginning to end.

python -m supervisor              the desk: Valkey, web, two workers, beat, and with DEMO=1 the sandbox
python -m supervisor forget       delete the demo's data
"""

from __future__ import annotations

import os
import shutil
import socket
import sys
import time

from supervisor import programs
from supervisor.announce import FirstAnswer, announcement
from supervisor.desk import Desk, Refusal
from supervisor.folder import lock
from supervisor.ports import take_ports
from supervisor.watch import Supervisor


def run(desk: Desk) -> int:
    """Run the desk until it is told to stop; return the exit code. Raises Refusal before anything has started."""
    held = lock(desk.data_dir)
    listener = take_ports(desk)
    first = [programs.valkey(desk)] if desk.needs_valkey else []
    first += [programs.sandbox(desk)] if desk.demo else []
    supervisor = Supervisor(desk.data_dir, environment=desk.environment(), keeps=(held.fileno(),))
    supervisor.install_signal_handlers()
    screen = supervisor.screen
    code = 0
    try:
        screen.say("Starting …")
        supervisor.start(*first)
        if supervisor.finish(programs.PREPARE) not in (0, None):
            screen.say("The database could not be prepared; nothing was started. The last lines:")
            for line in supervisor.tail("prepare"):
                screen.say(line, who="prepare")
            code = 1
        else:
            _serve(desk, supervisor, listener)
    finally:
        listener.close()  # whoever comes now is refused at once, not kept waiting
        if code == 0:
            screen.say("Stopping …")
        supervisor.stop()
        supervisor.close()
        held.close()
    return code


def _serve(desk: Desk, supervisor: Supervisor, listener: socket.socket) -> None:
    if supervisor.is_asked_to_stop:
        return
    supervisor.start(programs.web(listener), programs.CALLS, programs.FILES, programs.BEAT)
    answer = FirstAnswer(desk, supervisor.wake)
    answer.start()
    late_at = time.monotonic() + 30
    supervisor.watch(until=lambda: answer.is_there or time.monotonic() > late_at)
    if not answer.is_there and not supervisor.is_asked_to_stop:
        how = f"answers with status {answer.status}" if answer.status else "does not answer"
        log = desk.data_dir / "logs" / "web.log"
        supervisor.screen.say(f"After 30 s {desk.address} still {how}. Why may stand in {log}")
        supervisor.watch(until=lambda: answer.is_there)
    if supervisor.is_asked_to_stop:
        return
    supervisor.screen.show(announcement(desk))
    if desk.demo:
        _make_history(supervisor)
    supervisor.watch()


def _make_history(supervisor: Supervisor) -> None:
    """Run the product for the demo, and say one line of it: it talks to the sandbox at length, and its log has that."""
    code = supervisor.finish(programs.HISTORY)
    if code == 0:
        supervisor.screen.say(supervisor.tail("history")[-1], who="history")
    elif code is not None:
        ending = supervisor.ending("history")
        supervisor.screen.say(f"The demo's history could not be made in full: it {ending}. The desk itself works.")


def forget(desk: Desk) -> int:
    """Delete the demo's data. Raises Refusal where there is none, or while a desk runs on it."""
    where = desk.shown_dir
    if not (desk.data_dir / "demo-keys.json").exists():
        raise Refusal(f"{where} holds no demo, so nothing was deleted.")
    with lock(desk.data_dir, patience=0):
        shutil.rmtree(desk.data_dir)
    print(f"{where} is gone; the next `make run` begins anew.")
    return 0


def main(words: list[str]) -> int:
    """Do what the first word says; return the exit code."""
    os.umask(0o077)  # whatever a child writes is its owner's alone
    try:
        desk = Desk.from_environ(os.environ)
        return forget(desk) if words[:1] == ["forget"] else run(desk)
    except Refusal as refusal:
        print(refusal, file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
