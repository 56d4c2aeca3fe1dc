#!/usr/bin/env python3
"""An embeddings server on 127.0.0.1 that speaks the protocols of OpenAI, Azure, Cohere, Voyage and Ollama, refuses a
request that is not as the protocol's documentation has it, and misbehaves as asked.

It takes a free port, prints two numbers on one line, "PORT CLOSED_PORT", and serves until it gets SIGTERM or, with
--watch-stdin, until its standard input ends. Nothing listens on CLOSED_PORT: connections to it are refused.

The scenario is the first part of the path, so base_url is
    http://127.0.0.1:PORT/SCENARIO/v1              or, to count requests apart from other tests,
    http://127.0.0.1:PORT/SCENARIO/LABEL/v1
With base_url http://127.0.0.1:PORT/v1 the scenario is the name of the model, and any other model is "good".

The protocol is told by the end of the path: /v2/embed is Cohere, /api/embed Ollama, /openai/deployments/… Azure, and
/embeddings OpenAI, or Voyage where a part of the path begins with "voyage".

A text that is a JSON array of numbers is its own vector: "[3, 4]" gives [3, 4]. Every other text gets the hashes of its
words, so that texts which share words are near each other; as many as the request's "dimensions", else --dimensions.
"""
import argparse
import email.utils
import hashlib
import http.server
import json
import re
import select
import signal
import socket
import sys
import threading
import time

SCENARIOS = {}


def scenario(description):
    """Registers a function `f(call)` under its name, with "-" for "_"."""
    def register(function):
        SCENARIOS[function.__name__.replace("_", "-").lstrip("-")] = (function, description)
        return function
    return register


def embed(text, dimensions):
    try:
        numbers = json.loads(text)
        if isinstance(numbers, list) and all(isinstance(n, (int, float)) for n in numbers):
            return numbers
    except ValueError:
        pass
    vector = [0.0] * dimensions
    vector[0] = 0.01
    for word in re.findall(r"\w+", text.casefold()):
        digest = hashlib.sha256(word.encode()).digest()
        vector[int.from_bytes(digest[:4], "big") % dimensions] += 1.0 if digest[4] & 1 else -1.0
    return vector


class Protocol:
    """What a service lets itself be asked, and the form of what it answers."""
    path = re.compile(r"/embeddings")
    texts, dimensions = "input", "dimensions"
    members = {"input", "model", "encoding_format", "dimensions", "user"}
    required = {"input", "model"}
    values = {"encoding_format": ("float",)}
    most_texts = 2048
    key_header = "Authorization"

    @classmethod
    def complaint(cls, request, headers):
        """What is wrong with a request; None: nothing."""
        texts = request.get(cls.texts)
        if set(request) - cls.members:
            return "unknown members: %s" % ", ".join(sorted(set(request) - cls.members))
        if cls.required - set(request):
            return "missing members: %s" % ", ".join(sorted(cls.required - set(request)))
        if not isinstance(texts, list) or not all(isinstance(text, str) and text for text in texts):
            return "%s must be a list of texts" % cls.texts
        if len(texts) > cls.most_texts:
            return "at most %d texts" % cls.most_texts
        for member, allowed in cls.values.items():
            if member in request and request[member] not in allowed:
                return "%s must be one of %s" % (member, allowed)
        other = {"Authorization": "api-key", "api-key": "Authorization"}[cls.key_header]
        return "the key belongs into %s" % cls.key_header if headers.get(other) else None

    @classmethod
    def error(cls, message, code):
        return {"error": {"message": message, "type": "error", "param": None, "code": code}}

    @classmethod
    def answer(cls, request, data, tokens):
        return {"object": "list", "data": data, "model": request.get("model"),
                "usage": {"prompt_tokens": tokens, "total_tokens": tokens}}


class Azure(Protocol):
    path = re.compile(r"/openai/deployments/[^/]+/embeddings\?api-version=\d{4}-\d\d-\d\d(-preview)?")
    members = {"input", "encoding_format", "dimensions", "user"}
    required = {"input"}
    key_header = "api-key"


class Cohere(Protocol):
    path = re.compile(r"/v2/embed")
    texts, dimensions = "texts", "output_dimension"
    members = {"texts", "model", "input_type", "embedding_types", "truncate", "output_dimension", "max_tokens"}
    required = {"texts", "model", "input_type", "embedding_types"}
    values = {"input_type": ("search_document", "search_query"), "embedding_types": (["float"],),
              "truncate": ("NONE", "START", "END")}
    most_texts = 96

    @classmethod
    def error(cls, message, code):
        return {"message": message}

    @classmethod
    def answer(cls, request, data, tokens):
        return {"id": "da6e531f-54c5-4a73-bf92-f60566d8d753", "embeddings": {"float": [d["embedding"] for d in data]},
                "texts": request["texts"], "response_type": "embeddings_by_type",
                "meta": {"api_version": {"version": "2"}, "billed_units": {"input_tokens": tokens}}}


class Voyage(Protocol):
    dimensions = "output_dimension"
    members = {"input", "model", "input_type", "truncation", "output_dimension", "output_dtype", "encoding_format"}
    values = {"input_type": ("query", "document"), "truncation": (True, False)}
    most_texts = 1000

    @classmethod
    def error(cls, message, code):
        return {"detail": message}

    @classmethod
    def answer(cls, request, data, tokens):
        return {"object": "list", "data": data, "model": request["model"], "usage": {"total_tokens": tokens}}


class Ollama(Protocol):
    path = re.compile(r"/api/embed")
    members = {"model", "input", "truncate", "dimensions", "options", "keep_alive"}
    values = {"truncate": (True, False)}

    @classmethod
    def error(cls, message, code):
        return {"error": message}

    @classmethod
    def answer(cls, request, data, tokens):
        return {"model": request["model"], "embeddings": [d["embedding"] for d in data], "total_duration": 14143917,
                "load_duration": 1019500, "prompt_eval_count": tokens}


def find_protocol(path):
    """None: nothing answers at this path."""
    if path.endswith("/embeddings") and "/voyage" in path:
        return Voyage
    for protocol in (Azure, Cohere, Ollama, Protocol):
        if re.search(protocol.path.pattern + "$", path):
            return protocol
    return None


class Call:
    """One request, what the scenarios need to answer it, and the number of this request among those to its path."""

    def __init__(self, handler, protocol, request, number):
        self.handler = handler
        self.protocol = protocol
        self.request = request
        self.number = number
        self.key = handler.headers.get("Authorization", "").removeprefix("Bearer ")

    def vectors(self, change=lambda numbers: numbers):
        dimensions = self.request.get(self.protocol.dimensions) or self.handler.server.dimensions
        return [{"object": "embedding", "index": i, "embedding": change(embed(text, dimensions))}
                for i, text in enumerate(self.request[self.protocol.texts])]

    def body(self, data):
        tokens = sum(len(text.split()) for text in self.request[self.protocol.texts])
        return json.dumps(self.protocol.answer(self.request, data, tokens))

    def send(self, status, body, content_type="application/json", headers=()):
        body = body.encode()
        self.handler.begin(status, [("Content-Type", content_type), ("Content-Length", len(body)), *headers])
        self.handler.wfile.write(body)

    def send_data(self, data):
        self.send(200, self.body(data))

    def send_error(self, status, message, code=None, headers=()):
        self.send(status, json.dumps(self.protocol.error(message, code)), headers=headers)

    def send_element(self, element):
        """The answer of `good`, with `element` as the second number of every vector, as it stands."""
        data = self.vectors(lambda numbers: [numbers[0], "ELEMENT", *numbers[2:]])
        self.send(200, self.body(data).replace('"ELEMENT"', element))

    def wait_for_close(self):
        """Returns when the client has gone, or the server stops."""
        while not self.handler.server.stopping.is_set():
            readable, _, _ = select.select([self.handler.connection], [], [], 0.1)
            if readable and not self.handler.connection.recv(1, socket.MSG_PEEK):
                return


@scenario("answers as it should")
def good(call):
    call.send_data(call.vectors())


@scenario("answers with the vectors in reverse order, their index right")
def shuffled(call):
    call.send_data(call.vectors()[::-1])


@scenario("429 with Retry-After: 1 once, then good")
def rate_limit(call):
    if call.number > 1:
        return good(call)
    call.send_error(429, "Rate limit reached", "rate_limit_exceeded", [("Retry-After", "1")])


@scenario("429 with a Retry-After that is a date 2 to 3 s ahead once, then good")
def rate_limit_date(call):
    if call.number > 1:
        return good(call)
    date = email.utils.formatdate(int(time.time()) + 3, usegmt=True)
    call.send_error(429, "Rate limit reached", "rate_limit_exceeded", [("Retry-After", date)])


@scenario("429 with Retry-After: 3600, always")
def rate_limit_hour(call):
    call.send_error(429, "Rate limit reached", "rate_limit_exceeded", [("Retry-After", "3600")])


@scenario("429 with the code insufficient_quota, always")
def quota(call):
    call.send_error(429, "You exceeded your current quota", "insufficient_quota")


@scenario("good five times, then as quota")
def good_five_times(call):
    return good(call) if call.number <= 5 else quota(call)


@scenario("500 twice, then good")
def error_twice(call):
    if call.number > 2:
        return good(call)
    call.send_error(500, "The server had an error")


@scenario("500, always")
def error_500(call):
    call.send_error(500, "The server had an error")


@scenario("the status that stands as LABEL in the path, always")
def status(call):
    call.send_error(int(call.handler.path.split("/")[2]), "As you wished")


@scenario("takes the request and never answers")
def stall(call):
    call.handler.note(None)
    call.wait_for_close()


@scenario("good, after a fifth of a second")
def unhurried(call):
    if not call.handler.server.stopping.wait(0.2):
        good(call)


@scenario("answers the first request when there is a second one, then good")
def paired(call):
    call.handler.note(None)
    while call.handler.server.counted(call.handler.path) < 2 and not call.handler.server.stopping.wait(0.02):
        continue
    good(call)


@scenario("never answers the first request, then good")
def stall_once(call):
    return stall(call) if call.number == 1 else good(call)


@scenario("never answers the first three requests, then good")
def stall_thrice(call):
    return stall(call) if call.number <= 3 else good(call)


@scenario("good once, then never answers")
def good_once(call):
    return good(call) if call.number == 1 else stall(call)


@scenario("sends its answer a byte at a time, 20 bytes a second")
def slow(call):
    body = call.body(call.vectors()).encode()
    call.handler.begin(200, [("Content-Type", "application/json"), ("Content-Length", len(body))])
    for byte in body:
        if call.handler.server.stopping.wait(0.05):
            return
        call.handler.wfile.write(bytes([byte]))


@scenario("closes the connection in the middle of its answer, always")
def cut(call):
    body = call.body(call.vectors()).encode()
    call.handler.begin(200, [("Content-Type", "application/json"), ("Content-Length", len(body))])
    call.handler.wfile.write(body[:len(body) // 2])
    call.handler.close_connection = True


@scenario("closes the connection in the middle of its first answer, then good")
def cut_once(call):
    return cut(call) if call.number == 1 else good(call)


@scenario("closes the connection without an answer, always")
def hang_up(call):
    call.handler.note(None)
    call.handler.close_connection = True


@scenario("sends white space without end")
def endless(call):
    call.handler.begin(200, [("Content-Type", "application/json"), ("Connection", "close")])
    call.handler.close_connection = True
    while not call.handler.server.stopping.is_set():
        call.handler.wfile.write(b" " * 65536)


@scenario("one number less in every vector than the request or --dimensions asks for")
def short(call):
    call.send_data(call.vectors(lambda numbers: numbers[:-1]))


@scenario("3072 numbers in every vector, whatever was asked for")
def long(call):
    call.send_data(call.vectors(lambda numbers: (numbers * 3072)[:3072]))


@scenario("every second vector is one number shorter")
def uneven(call):
    data = call.vectors()
    for item in data[1::2]:
        item["embedding"].pop()
    call.send_data(data)


@scenario("vectors without numbers")
def empty(call):
    call.send_data(call.vectors(lambda numbers: []))


@scenario("vectors of zeros")
def zeros(call):
    call.send_data(call.vectors(lambda numbers: [0.0] * len(numbers)))


@scenario("NaN, which is no JSON, in every vector")
def nan(call):
    call.send_element("NaN")


@scenario("null in every vector")
def null(call):
    call.send_element("null")


@scenario("a string in every vector")
def string(call):
    call.send_element('"0.5"')


@scenario("1e300 in every vector, more than a float holds")
def huge(call):
    call.send_element("1e300")


@scenario("1e999 in every vector, more than a double holds")
def infinite(call):
    call.send_element("1e999")


@scenario("vectors as base64, though floats were asked for")
def base64(call):
    call.send_data(call.vectors(lambda numbers: "AACAPwAAAEA="))


@scenario("one vector too few")
def missing(call):
    call.send_data(call.vectors()[:-1])


@scenario("one vector too many")
def surplus(call):
    data = call.vectors()
    call.send_data(data + [{**data[-1], "index": len(data)}])


@scenario("index 0 for every vector")
def duplicate(call):
    call.send_data([{**item, "index": 0} for item in call.vectors()])


@scenario("indexes that start at 1")
def out_of_range(call):
    call.send_data([{**item, "index": item["index"] + 1} for item in call.vectors()])


@scenario("no index")
def no_index(call):
    call.send_data([{"embedding": item["embedding"]} for item in call.vectors()])


@scenario("status 200 and {\"error\": …}")
def error_200(call):
    call.send(200, json.dumps({"error": "Unexpected endpoint or method. (POST %s)" % call.handler.path}))


@scenario("status 200 and a text that is no JSON")
def not_json(call):
    call.send(200, "embeddings, but not JSON", "text/plain")


@scenario("status 200 and nothing")
def nothing(call):
    call.send(200, "")


@scenario("502 with a page in HTML, always")
def html(call):
    call.send(502, "<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n</html>\r\n", "text/html")


@scenario("308 to the scenario good")
def redirect(call):
    address = "http://127.0.0.1:%d/good/redirected/v1/embeddings" % call.handler.server.server_port
    call.send(308, "", headers=[("Location", address)])


@scenario("401 that repeats the key twice")
def unauthorized(call):
    call.send_error(401, "Incorrect API key provided: %s.\n\nYour key %s is not known." % (call.key, call.key))


@scenario("500 with a page that repeats the key, far longer than an error can show")
def long_echo(call):
    call.send(500, "x%s" % call.key * 5000, "text/plain")


@scenario("404 as Ollama says it")
def not_found(call):
    call.send_error(404, 'model "%s" not found, try pulling it first' % call.request.get("model"))


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def choose(self, request):
        first = self.path.strip("/").split("/")[0]
        if first in SCENARIOS:
            return first
        return request.get("model") if request.get("model") in SCENARIOS else "good"

    def note(self, status_code):
        """Before a byte of the answer is sent: who has it finds the request in the record."""
        self.server.write_record({**self.record, "status": status_code})

    def begin(self, status_code, headers):
        self.note(status_code)
        self.send_response(status_code)
        for name, value in headers:
            self.send_header(name, str(value))
        self.end_headers()

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        try:
            request = json.loads(body)
        except ValueError:
            request = {}
        name = self.choose(request)
        number = self.server.count(self.path)
        self.record = {"scenario": name, "path": self.path, "number": number, "time": time.monotonic(),
                       "connection": self.client_address[1],
                       "headers": {key.lower(): value for key, value in self.headers.items()}, "body": request}
        protocol = find_protocol(self.path)
        call = Call(self, protocol or Protocol, request, number)
        if protocol is None:
            return call.send_error(404, "no such path")
        complaint = protocol.complaint(request, self.headers)
        if complaint is not None:
            return call.send_error(400, complaint)
        SCENARIOS[name][0](call)

    def log_message(self, *arguments):
        pass


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, dimensions, record):
        super().__init__(("127.0.0.1", 0), Handler)
        self.dimensions = dimensions
        self.record = record
        self.lock = threading.Lock()
        self.counts = {}
        self.stopping = threading.Event()

    def count(self, path):
        with self.lock:
            self.counts[path] = self.counts.get(path, 0) + 1
            return self.counts[path]

    def counted(self, path):
        with self.lock:
            return self.counts.get(path, 0)

    def write_record(self, record):
        if self.record is None:
            return
        with self.lock:
            self.record.write(json.dumps(record) + "\n")
            self.record.flush()

    def handle_error(self, request, client_address):
        """A client that goes away is what half of the scenarios are about; anything else is a mistake to be seen."""
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)


def parse_arguments():
    names = "\n".join("  %-16s %s" % (name, description) for name, (_, description) in SCENARIOS.items())
    parser = argparse.ArgumentParser(description=__doc__, epilog="scenarios:\n" + names,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--record", metavar="FILE",
                        help="append every request as a line of JSON: scenario, path, number (of this request among "
                             "those to its path, from 1), time (s, monotonic), connection (the client's port), headers "
                             "(names in lower case), body, status (null: no answer)")
    parser.add_argument("--dimensions", type=int, default=256, metavar="N",
                        help="length of vectors when the request does not say (%(default)s)")
    parser.add_argument("--watch-stdin", action="store_true", help="end when standard input ends")
    return parser.parse_args()


def main():
    arguments = parse_arguments()
    record = open(arguments.record, "a", encoding="utf-8") if arguments.record else None
    server = Server(arguments.dimensions, record)
    closed = socket.socket()
    closed.bind(("127.0.0.1", 0))

    def stop(*_):
        server.stopping.set()
        threading.Thread(target=server.shutdown).start()

    def watch():
        while sys.stdin.buffer.read(4096):
            pass
        stop()

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    if arguments.watch_stdin:
        threading.Thread(target=watch, daemon=True).start()
    print(server.server_port, closed.getsockname()[1], flush=True)
    server.serve_forever(poll_interval=0.05)


if __name__ == "__main__":
    main()
