"""s3-stub.py FOLDER: the little of S3 that mci-blob-bucket asks for, on a free port of the loopback, with faults. It
checks no signature: a radosgw does. FOLDER/url is made when it listens; FOLDER/log has a line for each request.

FOLDER/faults holds lines METHOD[?WORD] FAULT [ARG]. Each request takes the first line of its method (and with WORD
in its query) out of the file, and has that fault:

    cut N        N bytes of the answer's body, then the connection is cut
    reset        the connection is cut in place of an answer, and nothing is done
    lost         the same, but what was asked for is done
    stall        no answer, until the client leaves
    short N      an answer that is N bytes shorter and says so
    status N     that status, with the body of an error
    wait N       503 with Retry-After
    etag         an ETag of other bytes
    error        200, with the body of an error
    flip         one bit of the body is another
"""
import hashlib
import http.server
import os
import socketserver
import sys
import threading
import urllib.parse
from xml.sax.saxutils import escape

folder = sys.argv[1]
lock = threading.Lock()
objects, uploads = {}, {}
ERROR = "<Error><Code>InternalError</Code><Message>a fault</Message></Error>"


def take_fault(method, query):
    path = os.path.join(folder, "faults")
    with lock:
        with open(path) as f:
            lines = [line for line in f.read().splitlines() if line]
        for i, line in enumerate(lines):
            word, *fault = line.split()
            wanted, _, inside = word.partition("?")
            if wanted == method and inside in query:
                with open(path + ".new", "w") as f:
                    f.writelines(rest + "\n" for rest in lines[:i] + lines[i + 1:])
                os.rename(path + ".new", path)
                return fault
    return ["none"]


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def cut(self):
        self.close_connection = True
        self.wfile.flush()
        self.connection.shutdown(2)

    def answer(self, status, body=b"", etag=None, **heads):
        fault, *arg = self.fault
        if fault in ("reset", "lost"):
            self.cut()
            return
        if fault == "stall":
            while self.connection.recv(1):
                pass
            self.cut()
            return
        if fault == "short":
            body = body[:-int(arg[0])]
        if fault == "error":
            status, body = 200, ERROR.encode()
        if fault == "flip" and body:
            body = bytes([body[0] ^ 1]) + body[1:]
        if etag is not None and fault == "etag":
            etag = hashlib.md5(b"other").hexdigest()
        self.send_response(status)
        if etag is not None:
            self.send_header("ETag", f'"{etag}"')
        for name, value in heads.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", heads.get("size", len(body)))
        self.end_headers()
        if self.command == "HEAD":
            return
        if fault == "cut":
            self.wfile.write(body[:int(arg[0])])
            self.cut()
            return
        self.wfile.write(body)

    def begin(self):
        url = urllib.parse.urlsplit(self.path)
        self.key = urllib.parse.unquote(url.path).split("/", 2)[2] if url.path.count("/") > 1 else ""
        self.query = dict(urllib.parse.parse_qsl(url.query, keep_blank_values=True))
        with lock, open(os.path.join(folder, "log"), "a") as f:
            f.write(f"{self.command} /{self.key} {url.query} {self.headers.get('Range', '')}\n")
        self.fault = take_fault(self.command, url.query)
        n = int(self.headers.get("Content-Length", 0))
        self.data = self.rfile.read(n) if n else b""
        fault, *arg = self.fault
        if fault in ("status", "wait"):
            heads = {"Retry_After": arg[0]} if fault == "wait" else {}
            text = ERROR.replace("InternalError", "AccessDenied") if arg[0] == "403" else ERROR
            self.answer(503 if fault == "wait" else int(arg[0]), text.encode(), **heads)
            return False
        if fault == "reset":
            self.answer(0)
            return False
        return True

    def do_GET(self):
        if not self.begin():
            return
        if "uploadId" in self.query:
            parts = uploads[self.query["uploadId"]][1]
            self.answer(200, ("<ListPartsResult>" + "".join(
                f"<Part><PartNumber>{n}</PartNumber><ETag>&quot;{hashlib.md5(b).hexdigest()}&quot;</ETag></Part>"
                for n, b in sorted(parts.items())) + "</ListPartsResult>").encode())
        elif "uploads" in self.query:
            self.answer(200, ("<ListMultipartUploadsResult>" + "".join(
                f"<Upload><Key>{escape(key)}</Key><UploadId>{i}</UploadId>"
                "<Initiated>2026-01-01T00:00:00.000Z</Initiated></Upload>"
                for i, (key, _, _) in uploads.items()) + "</ListMultipartUploadsResult>").encode())
        elif self.key == "":
            keys = sorted(k for k in objects if k.startswith(self.query["prefix"]) and k > self.query["marker"])
            most = int(self.query["max-keys"])
            self.answer(200, ("<?xml version='1.0'?><ListBucketResult><IsTruncated>" + str(len(keys) > most).lower() +
                              "</IsTruncated>" + "".join(
                f"<Contents><Key>{escape(k)}</Key><Size>{len(objects[k][0])}</Size><ETag>&quot;{objects[k][1]}&quot;"
                "</ETag><LastModified>2026-01-01T00:00:00.000Z</LastModified></Contents>"
                for k in keys[:most]) + "</ListBucketResult>").encode())
        else:
            self.object()

    def object(self):
        if self.key not in objects:
            self.answer(404, b"<Error><Code>NoSuchKey</Code></Error>")
            return
        body, etag, digest = objects[self.key]
        heads = {"x_amz_meta_sha256": digest} if digest else {}
        asked = self.headers.get("Range")
        if "If-Match" in self.headers and self.headers["If-Match"].strip('"') != etag:
            self.answer(412, b"<Error><Code>PreconditionFailed</Code></Error>")
            return
        if asked:
            first, _, last = asked[len("bytes="):].partition("-")
            last = min(int(last or len(body)), len(body) - 1)
            heads["Content_Range"] = f"bytes {first}-{last}/{len(body)}"
            self.answer(206, body[int(first):last + 1], etag, **heads)
        else:
            self.answer(200, body, etag, **heads)

    def do_HEAD(self):
        if self.begin():
            if self.key in objects:
                body, etag, digest = objects[self.key]
                self.answer(200, body, etag, **({"x_amz_meta_sha256": digest} if digest else {}))
            else:
                self.answer(404)

    def do_PUT(self):
        if not self.begin():
            return
        source = urllib.parse.unquote(self.headers.get("x-amz-copy-source", "")).split("/", 2)[-1]
        if source:
            self.data = objects[source][0]
        etag = hashlib.md5(self.data).hexdigest()
        if source:
            objects[self.key] = (self.data, etag, self.headers.get("x-amz-meta-sha256"))
            self.answer(200, f"<CopyObjectResult><ETag>&quot;{etag}&quot;</ETag></CopyObjectResult>".encode())
            return
        if "uploadId" in self.query:
            uploads[self.query["uploadId"]][1][int(self.query["partNumber"])] = self.data
        elif "If-None-Match" in self.headers and self.key in objects:
            self.answer(412, b"<Error><Code>PreconditionFailed</Code></Error>")
            return
        else:
            objects[self.key] = (self.data, etag, self.headers.get("x-amz-meta-sha256"))
        self.answer(200, etag=etag)

    def do_POST(self):
        if not self.begin():
            return
        if "uploads" in self.query:
            name = f"upload{len(uploads) + 1}"
            uploads[name] = (self.key, {}, self.headers.get("x-amz-meta-sha256"))
            self.answer(200, f"<InitiateMultipartUploadResult><UploadId>{name}</UploadId>"
                        "</InitiateMultipartUploadResult>".encode())
        elif self.query["uploadId"] not in uploads:
            self.answer(404, b"<Error><Code>NoSuchUpload</Code></Error>")
        elif self.fault[0] == "error":
            self.answer(200)
        else:
            key, parts, digest = uploads.pop(self.query["uploadId"])
            body = b"".join(b for _, b in sorted(parts.items()))
            etag = hashlib.md5(b"".join(hashlib.md5(b).digest() for _, b in sorted(parts.items()))).hexdigest()
            etag = f"{etag}-{len(parts)}"
            objects[key] = (body, etag, digest)
            told = "0" * 32 + "-1" if self.fault[0] == "etag" else etag
            self.answer(200, f"<CompleteMultipartUploadResult><ETag>&quot;{told}&quot;</ETag>"
                        "</CompleteMultipartUploadResult>".encode())

    def do_DELETE(self):
        if self.begin():
            objects.pop(self.key, None)
            self.answer(204)


class Server(socketserver.ThreadingMixIn, http.server.HTTPServer):
    daemon_threads = True


open(os.path.join(folder, "faults"), "a").close()
server = Server(("127.0.0.1", 0), Handler)
with open(os.path.join(folder, "url.new"), "w") as f:
    f.write(f"http://127.0.0.1:{server.server_port}\n")
os.rename(os.path.join(folder, "url.new"), os.path.join(folder, "url"))
server.serve_forever()
