"""Every GET of the API: what each caller can read of everything there is."""

import http.client
import json
import re
import socket
import subprocess
import threading

from installation import BINARY

NAME = re.compile(r"[a-zA-Z]+/[^/\s?]+(?:/[a-zA-Z]+(?:/[^/\s?]+)?)*")
JOIN_SECONDS = 5
QUERIES = {"page_size": "200", "mine": "true", "wait_time": None, "after_sequence": "0"}


def routes():
    """(path template, names of its query parameters) of every GET that answers with JSON."""
    document = json.loads(subprocess.run([BINARY, "openapi"], capture_output=True, check=True).stdout)
    for path, methods in document["paths"].items():
        if "get" in methods and "application/json" in methods["get"]["responses"]["200"].get("content", {}):
            yield path, [given["name"] for given in methods["get"].get("parameters", []) if given["in"] == "query"]


def names_in(value):
    """Every resource name in a JSON document."""
    if isinstance(value, dict):
        for item in value.values():
            yield from names_in(item)
    elif isinstance(value, list):
        for item in value:
            yield from names_in(item)
    elif isinstance(value, str) and NAME.fullmatch(value):
        yield value


def paths_for(template, parameters, names):
    """The template's paths with the names that fit it, each with and without the parameters that show more."""
    stem = template.removeprefix("/v1/")
    end = stem.rfind("}") + 1
    filled = [""]
    if end:
        pattern = re.compile(re.sub(r"\{\w+\}", "[^/:]+", stem[:end]))
        filled = sorted(name for name in names if pattern.fullmatch(name))
    more = "&".join(f"{name}={QUERIES[name]}" for name in parameters if QUERIES.get(name))
    for name in filled:
        yield name + stem[end:]
        if more:
            yield f"{name}{stem[end:]}?{more}"


def crawl(call, actors, names=()):
    """{(who, path): body} of all that `actors` (by name) are answered, refusals too. `call` makes a request, `names`
    are resources that no answer may name; those that answers name are asked for as well, until there are no more."""
    templates = list(routes())
    assert len(templates) > 40, "the API document shows fewer reads than there are"
    found = {}
    names = set(names)
    while True:
        paths = sorted({path for template in templates for path in paths_for(*template, names)})
        asked = [(who, path) for path in paths for who in actors if (who, path) not in found]
        if not asked:
            return found
        for who, path in asked:
            answer = call("GET", path, actors[who])
            found[who, path] = answer.body
            if answer.status == 200:
                names.update(names_in(answer.json))


class Watcher:
    """Takes in a stream of Server-Sent Events from now on, until it is closed."""

    def __init__(self, ttx, path, token=None):
        self.chunks = []
        self.connection = ttx.connect()
        self.connection.connect()
        self.socket = self.connection.sock
        self.connection.request("GET", "/v1/" + path, headers={
            "Accept": "text/event-stream", **({"Authorization": "Bearer " + token} if token else {})})
        self.response = self.connection.getresponse()
        assert self.response.status == 200, self.response.read()
        self.thread = threading.Thread(target=self.take, daemon=True)
        self.thread.start()

    def take(self):
        try:
            while chunk := self.response.read1():
                self.chunks.append(chunk)
        except (OSError, ValueError, http.client.HTTPException):
            pass  # the stream ends with the server, or is closed here

    @property
    def text(self):
        return b"".join(self.chunks)

    def close(self):
        try:
            self.socket.shutdown(socket.SHUT_RDWR)  # the thread sees the end
        except OSError:
            pass  # the server has ended it
        self.thread.join(timeout=JOIN_SECONDS)
        self.response.close()
        self.connection.close()
