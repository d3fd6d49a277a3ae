"""A headless Chromium, asked by the DevTools protocol through two pipes: no port, no library."""

import fcntl
import json
import os
import select
import shutil
import subprocess
import sys
import time
from contextlib import contextmanager
from typing import Any

BINARY = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("chrome")

PATIENCE = 60.0
"""Seconds that an answer may take."""

_START = (
    "import os, sys; r, w = int(sys.argv[1]), int(sys.argv[2]); os.dup2(r, 3); os.dup2(w, 4); "
    "os.execv(sys.argv[3], sys.argv[3:])"
)  # the protocol's pipes are 3 and 4; a child of `preexec_fn` would be a fork of all of JAX


class Browser:
    """One tab, and whatever went wrong in it."""

    def __init__(self, into: int, out: int) -> None:
        self._into, self._out, self._left = into, out, b""
        self._count, self._session = 0, None
        self.events: list[dict[str, Any]] = []
        target = self.ask("Target.createTarget", url="about:blank")["targetId"]
        attached = self.ask("Target.attachToTarget", targetId=target, flatten=True)
        self._session = attached["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.ask(f"{domain}.enable")

    def ask(self, method: str, **how: Any) -> dict[str, Any]:
        """Asks, and waits for the answer; events that come before it are kept."""
        self._count += 1
        message = {"id": self._count, "method": method, "params": how}
        if self._session:
            message["sessionId"] = self._session
        os.write(self._into, json.dumps(message).encode() + b"\0")
        while (answer := self._next()).get("id") != self._count:
            self.events.append(answer)
        if "error" in answer:
            raise RuntimeError(f"{method}: {answer['error']}")
        return answer["result"]

    def show(self, url: str, width: int, height: int, scheme: str = "light") -> list[str]:
        """Opens a page of a size and scheme, and says what went wrong until it was loaded."""
        self.ask(
            "Emulation.setDeviceMetricsOverride",
            width=width, height=height, deviceScaleFactor=1, mobile=width < 600,
        )  # fmt: skip
        features = [{"name": "prefers-color-scheme", "value": scheme}]
        self.ask("Emulation.setEmulatedMedia", features=features)
        self.events.clear()
        self.ask("Page.navigate", url=url)
        while not any(event.get("method") == "Page.loadEventFired" for event in self.events):
            self.events.append(self._next())
        self.value("new Promise(done => setTimeout(done, 50))")  # scripts of the page have run
        return [said for event in self.events if (said := _trouble(event))]

    def value(self, expression: str) -> Any:
        """What JavaScript says."""
        found = self.ask(
            "Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True
        )
        return found["result"].get("value")

    def _next(self) -> dict[str, Any]:
        end = time.monotonic() + PATIENCE
        while b"\0" not in self._left:
            ready, _, _ = select.select([self._out], [], [], max(0.0, end - time.monotonic()))
            if not ready:
                raise TimeoutError(f"Chromium has said nothing for {PATIENCE:g} seconds.")
            if not (more := os.read(self._out, 1 << 20)):
                raise EOFError("Chromium has ended.")
            self._left += more
        message, _, self._left = self._left.partition(b"\0")
        return json.loads(message)


@contextmanager
def browser(folder):
    """Starts a Chromium whose profile is in a folder, and ends it."""
    theirs, into = os.pipe()
    out, back = os.pipe()
    high = [fcntl.fcntl(pipe, fcntl.F_DUPFD, 10) for pipe in (theirs, back)]
    command = [
        BINARY, "--headless", "--no-sandbox", "--disable-gpu", "--remote-debugging-pipe",
        "--disable-dev-shm-usage", f"--user-data-dir={folder}",
    ]  # fmt: skip
    starter = [sys.executable, "-S", "-c", _START, *map(str, high), *command]
    process = subprocess.Popen(
        starter, pass_fds=high, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    for pipe in (theirs, back, *high):
        os.close(pipe)
    try:
        yield Browser(into, out)
    finally:
        process.terminate()
        process.wait()
        os.close(into)
        os.close(out)


def _trouble(event: dict[str, Any]) -> str:
    """What an event says of something wrong; "" if it is none."""
    how = event.get("params", {})
    match event.get("method"):
        case "Runtime.exceptionThrown":
            return f"exception: {how['exceptionDetails'].get('text')}"
        case "Runtime.consoleAPICalled" if how["type"] in ("error", "warning"):
            return f"console: {[each.get('value') for each in how['args']]}"
        case "Log.entryAdded" if how["entry"]["level"] in ("error", "warning"):
            return f"log: {how['entry']['text']} {how['entry'].get('url', '')}"
        case "Network.loadingFailed" if not how.get("canceled"):
            return f"failed: {how['errorText']}"
        case "Network.responseReceived" if how["response"]["status"] >= 400:
            return f"{how['response']['status']}: {how['response']['url']}"
    return ""
