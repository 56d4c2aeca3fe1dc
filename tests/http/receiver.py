"""A receiver of webhooks on 127.0.0.1, in this process, that misbehaves as the first part of the path says.

    with Receiver() as receiver:
        url = receiver.url("good")
        …
        receiver.requests          # [{path, headers (names in lower case), body (bytes), connection, time}]
"""
import http.server
import select
import socket
import ssl
import sys
import threading
import time

SCENARIOS = {}


def scenario(function):
    """Registers `f(call, number)`, number being that of the request among those to its path, from 1."""
    SCENARIOS[function.__name__.replace("_", "-")] = function
    return function


@scenario
def good(call, _number):
    call.answer(200, b"ok")


@scenario
def no_content(call, _number):
    call.answer(204)


@scenario
def error(call, _number):
    call.answer(500, b"+5511987654321 was here")


@scenario
def error_twice(call, number):
    call.answer(200 if number > 2 else 503)


@scenario
def gone(call, _number):
    call.answer(410)


@scenario
def not_found(call, _number):
    call.answer(404)


@scenario
def too_many(call, _number):
    call.answer(429, headers=[("Retry-After", "1800")])


@scenario
def stall(call, _number):
    call.wait_for_close()


@scenario
def stall_twice(call, number):
    if number <= 2:
        call.wait_for_close()
    else:
        call.answer(200)


@scenario
def hang_up(call, _number):
    call.close_connection = True


@scenario
def metadata(call, _number):
    call.answer(307, headers=[("Location", "http://169.254.169.254/latest/meta-data/")])


@scenario
def elsewhere(call, _number):
    call.answer(302, headers=[("Location", call.server.receiver.url("good", "redirected"))])


@scenario
def another_loopback(call, _number):
    call.answer(307, headers=[("Location", f"http://127.0.0.2:{call.server.server_port}/good")])


@scenario
def circle(call, _number):
    call.answer(307, headers=[("Location", call.path)])


@scenario
def to_file(call, _number):
    call.answer(307, headers=[("Location", "file:///etc/passwd")])


@scenario
def endless(call, _number):
    call.send_response(200)
    call.end_headers()
    call.close_connection = True
    call.pour(b" " * 65536)


@scenario
def endless_error(call, _number):
    call.send_response(500)
    call.end_headers()
    call.close_connection = True
    call.pour(b" " * 65536)


@scenario
def endless_headers(call, _number):
    call.wfile.write(b"HTTP/1.1 200 OK\r\n")
    call.close_connection = True
    call.pour(b"X-Filler: " + b"x" * 1000 + b"\r\n")


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def answer(self, status, body=b"", headers=()):
        self.send_response(status)
        for name, value in [*headers, ("Content-Length", str(len(body)))]:
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def pour(self, block):
        while not self.server.stopping.is_set():
            self.wfile.write(block)
            self.server.receiver.poured += len(block)

    def wait_for_close(self):
        while not self.server.stopping.is_set():
            readable, _, _ = select.select([self.connection], [], [], 0.05)
            if readable and not self.connection.recv(1, socket.MSG_PEEK):
                break
        self.close_connection = True

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        with self.server.lock:
            requests = self.server.receiver.requests
            requests.append({"path": self.path, "headers": {k.lower(): v for k, v in self.headers.items()}, "body": body,
                             "connection": self.client_address[1], "method": self.command, "time": time.monotonic()})
            number = sum(r["path"] == self.path for r in requests)
        SCENARIOS[self.path.split("/")[1].split("?")[0]](self, number)

    do_GET = do_POST

    def log_message(self, *arguments):
        pass


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 256

    def handle_error(self, request, client_address):
        if not isinstance(sys.exc_info()[1], (ConnectionError, ssl.SSLError)):
            super().handle_error(request, client_address)


class Receiver:
    def __init__(self, certificate=None):
        self.requests = []
        self.poured = 0
        self.server = Server(("127.0.0.1", 0), Handler)
        self.server.receiver = self
        self.server.lock = threading.Lock()
        self.server.stopping = threading.Event()
        self.scheme = "http"
        if certificate is not None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate)
            self.server.socket = context.wrap_socket(self.server.socket, server_side=True, do_handshake_on_connect=False)
            self.scheme = "https"

    def url(self, name, label="x", host="127.0.0.1"):
        return f"{self.scheme}://{host}:{self.server.server_port}/{name}/{label}"

    def to(self, name):
        return [r for r in self.requests if r["path"].split("/")[1] == name]

    def __enter__(self):
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, *_):
        self.server.stopping.set()
        self.server.shutdown()
        self.server.server_close()


def closed_port():
    """A socket that keeps its port from others while nothing listens on it."""
    kept = socket.socket()
    kept.bind(("127.0.0.1", 0))
    return kept
