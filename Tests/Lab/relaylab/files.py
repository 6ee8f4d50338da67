"""A folder over HTTP: the yum repository, and the place that the binary is downloaded from."""

import sys
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *arguments):
        pass


if __name__ == "__main__":
    ThreadingHTTPServer((sys.argv[1], 80), partial(Quiet, directory=sys.argv[2])).serve_forever()
