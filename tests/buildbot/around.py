"""What stands around a Drover: TLS in front of its master, and a collector of its metrics."""
import asyncio
import http.server
import ssl
import threading
from urllib.parse import urlsplit

import trustme
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest


class Authority:
    """A private one, of which no system knows."""

    def __init__(self, folder, name):
        self.own = trustme.CA(organization_name=name)
        self.file = folder / f"{name}.pem"
        self.own.cert_pem.write_to_path(self.file)


class TlsFront:
    """Encrypts the way to a master, as a proxy would, in a thread of its own. `name` is the host its certificate is for."""

    def __init__(self, url, authority, name="127.0.0.1"):
        self.behind = urlsplit(url)
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.own.issue_cert(name).configure_cert(self.context)
        self.loop = asyncio.new_event_loop()
        threading.Thread(target=self.loop.run_forever, daemon=True).start()
        port = asyncio.run_coroutine_threadsafe(self.listen(), self.loop).result()
        self.url = f"https://127.0.0.1:{port}/"

    async def listen(self):
        self.server = await asyncio.start_server(self.serve, "127.0.0.1", 0, ssl=self.context)
        return self.server.sockets[0].getsockname()[1]

    async def serve(self, reader, writer):
        try:
            behind = await asyncio.open_connection(self.behind.hostname, self.behind.port)
        except OSError:
            return writer.close()
        await asyncio.gather(carry(reader, behind[1]), carry(behind[0], writer))


async def carry(reader, writer):
    try:
        while piece := await reader.read(65536):
            writer.write(piece)
            await writer.drain()
    except OSError:
        pass
    finally:
        writer.close()


class Collector:
    """Keeps the newest value of each number: histograms as `(count, sum)`."""

    def __init__(self):
        self.numbers = {}
        collector = self

        class Answer(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                if self.path.endswith("/metrics"):
                    collector.take(ExportMetricsServiceRequest.FromString(body))
                self.send_response(200)
                self.end_headers()

            def log_message(self, *_):
                """Nobody wants to read it."""

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answer)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self.server.server_port}"

    def take(self, request):
        metrics = [metric for one in request.resource_metrics for scope in one.scope_metrics for metric in scope.metrics]
        for metric in metrics:
            kind = metric.WhichOneof("data")
            for point in getattr(metric, kind).data_points:
                labels = sorted((label.key, label.value.string_value) for label in point.attributes)
                value = (point.count, point.sum) if kind == "histogram" else point.as_int
                self.numbers[metric.name, *labels] = value

    def of(self, name, **labels):
        """`of("drover.bridge.master.up", master="main")`"""
        return self.numbers.get((name, *sorted((f"bridge.{label}", value) for label, value in labels.items())))
