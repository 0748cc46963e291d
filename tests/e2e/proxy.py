"""A small forward proxy: CONNECT for https, absolute targets for http. It remembers what it was asked for."""

import http.client
import select
import socket
import socketserver
import threading
from urllib.parse import urlsplit


class Handler(socketserver.StreamRequestHandler):
    def handle(self):
        line = self.rfile.readline().decode("latin-1")
        while line.strip():
            self.server.requests.append(line.strip())
            method, target, _ = line.split()
            headers = http.client.parse_headers(self.rfile)
            if method == "CONNECT":
                return self.tunnel(target)
            self.forward(method, target, headers)
            line = self.rfile.readline().decode("latin-1")

    def tunnel(self, target):
        host, port = target.rsplit(":", 1)
        with socket.create_connection((host, int(port)), timeout=10) as far:
            self.wfile.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
            near = self.connection
            while True:
                for ready in select.select([near, far], [], [], 60)[0]:
                    data = ready.recv(65536)
                    if not data:
                        return
                    (far if ready is near else near).sendall(data)

    def forward(self, method, target, headers):
        url = urlsplit(target)
        path = url.path + (f"?{url.query}" if url.query else "")
        body = self.rfile.read(int(headers.get("Content-Length", 0)))
        kept = {name: value for name, value in headers.items() if not name.lower().startswith("proxy-")}
        far = http.client.HTTPConnection(url.hostname, url.port, timeout=60)
        far.request(method, path, body, kept)
        answer = far.getresponse()
        data = answer.read()
        head = [f"HTTP/1.1 {answer.status} {answer.reason}"]
        head += [f"{name}: {value}" for name, value in answer.getheaders()
                 if name.lower() not in ("transfer-encoding", "content-length", "connection")]
        head += [f"Content-Length: {len(data)}", "", ""]
        self.wfile.write("\r\n".join(head).encode("latin-1") + data)
        far.close()


class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    block_on_close = False


class Proxy:
    """A running proxy: `.url`, and `.requests`, the request lines it got."""

    def __enter__(self):
        self.server = Server(("127.0.0.1", 0), Handler)
        self.requests = self.server.requests = []
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()
