"""A collector for a test: takes what is sent to it over OTLP/HTTP and appends it to the file it is given, as it came.

Prints its address; SIGTERM ends it.
"""
import http.server
import signal
import sys
import threading


class Collector(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        with open(sys.argv[1], "ab") as file:
            file.write(f"\n== {self.path}\n".encode() + body)
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Collector)
threading.Thread(target=server.serve_forever, daemon=True).start()
print(f"http://127.0.0.1:{server.server_address[1]}", flush=True)
signal.sigwait({signal.SIGTERM, signal.SIGINT})
