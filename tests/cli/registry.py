#!/usr/bin/env python3
# registry.py FOLDER NAME: a registry of one image (OCI distribution 1.1, pull alone), NAME:latest with FOLDER as its
# only layer, on a free port of the loopback that it prints.
import gzip, hashlib, http.server, io, json, platform, sys, tarfile

folder, name = sys.argv[1:]


def owned(entry):
    """What an ordinary user made is root's in an image, as in all others."""
    entry.uid = entry.gid = 0
    entry.uname = entry.gname = ''
    return entry


tar = io.BytesIO()
with tarfile.open(fileobj=tar, mode='w') as t:
    t.add(folder, '.', filter=owned)
tar = tar.getvalue()
layer = gzip.compress(tar)

def digest(data):
    return 'sha256:' + hashlib.sha256(data).hexdigest()

config = json.dumps({
    'architecture': {'x86_64': 'amd64', 'aarch64': 'arm64'}.get(platform.machine(), 'amd64'), 'os': 'linux',
    'config': {'Cmd': ['/bin/echo', 'by itself'], 'Env': ['FROM=registry']},
    'rootfs': {'type': 'layers', 'diff_ids': [digest(tar)]}}).encode()
OCI = 'application/vnd.oci.image.'
manifest = json.dumps({
    'schemaVersion': 2, 'mediaType': OCI + 'manifest.v1+json',
    'config': {'mediaType': OCI + 'config.v1+json', 'digest': digest(config), 'size': len(config)},
    'layers': [{'mediaType': OCI + 'layer.v1.tar+gzip', 'digest': digest(layer), 'size': len(layer)}]}).encode()
answers = {'/v2/': (b'{}', 'application/json')}
for tag in 'latest', digest(manifest):
    answers['/v2/%s/manifests/%s' % (name, tag)] = (manifest, OCI + 'manifest.v1+json')
for blob in config, layer:
    answers['/v2/%s/blobs/%s' % (name, digest(blob))] = (blob, 'application/octet-stream')

class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = 'HTTP/1.1'

    def do_GET(self):
        body, kind = answers.get(self.path, (b'{"errors":[{"code":"MANIFEST_UNKNOWN"}]}', 'application/json'))
        self.send_response(200 if self.path in answers else 404)
        self.send_header('Content-Type', kind)
        self.send_header('Content-Length', str(len(body)))
        if '/manifests/' in self.path:
            self.send_header('Docker-Content-Digest', digest(body))
        self.end_headers()
        if self.command == 'GET':
            self.wfile.write(body)

    do_HEAD = do_GET

    def log_message(self, *args):
        print(self.command, self.path, file=sys.stderr, flush=True)

server = http.server.ThreadingHTTPServer(('127.0.0.1', 0), Handler)
print(server.server_address[1], flush=True)
server.serve_forever()
