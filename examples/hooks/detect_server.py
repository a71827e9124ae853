"""A hook over HTTP: gets frames as JPEG by POST, answers with what moves in them. Nothing of the gateway is needed.

    hook:
      http: http://127.0.0.1:5000/detect
      mode: overlay
      size: 640x360

Start it with: python3 detect_server.py [port]
Needs: pip install numpy opencv-python-headless
"""
import json
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import cv2
import numpy as np

MOST = 32 * 1024 * 1024

# Put your own model here. The background is learnt from the frames of one route: one server for each.
background = cv2.createBackgroundSubtractorMOG2(history=250, detectShadows=False)
one_at_a_time = threading.Lock()


def detect(image):
    with one_at_a_time:
        moving = background.apply(cv2.GaussianBlur(image, (5, 5), 0))
    outlines, _ = cv2.findContours(moving, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    boxes = []
    for outline in outlines:
        x, y, width, height = cv2.boundingRect(outline)
        if width * height > image.shape[0] * image.shape[1] / 500:
            boxes.append({'x': x, 'y': y, 'width': width, 'height': height, 'label': 'moving'})
    return {'boxes': boxes, 'meta': {'moving': len(boxes)}}


class Handler(BaseHTTPRequestHandler):
    # Keeps the connection open: one for all frames instead of one each.
    protocol_version = 'HTTP/1.1'
    # Without it the second half of an answer waits for the other side (Nagle's algorithm).
    disable_nagle_algorithm = True

    def do_POST(self):
        length = int(self.headers.get('Content-Length', 0))
        if length > MOST:
            self.close_connection = True
            return self.answer(413, {'error': 'too large'})
        image = cv2.imdecode(np.frombuffer(self.rfile.read(length), np.uint8), cv2.IMREAD_COLOR) if length else None
        if image is None:
            return self.answer(400, {'error': 'not an image'})
        self.answer(200, detect(image))

    def answer(self, status, value):
        body = json.dumps(value).encode()
        self.send_response(status)
        self.send_header('Content-Type', 'application/json')
        self.send_header('Content-Length', str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


if __name__ == '__main__':
    port = int(sys.argv[1]) if len(sys.argv) > 1 else 5000
    server = ThreadingHTTPServer(('127.0.0.1', port), Handler)
    # For whoever waits until it can be asked; port 0 is any that is free.
    print('listening on http://127.0.0.1:%d' % server.server_port, flush=True)
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        pass
