"""Frame hooks for Relay Gateway in Python: one file, needs numpy only. docs/hook-wire.md is what it speaks.

    import cv2
    from relay_hook import run

    def process(frame):
        frame.image[:] = cv2.GaussianBlur(frame.image, (31, 31), 0)

    run(process, format='bgr24')

`process` is called for one frame after the other. `frame.image` is a numpy array on the frame itself:
what is written into it is what viewers see. It may return

    None             the frame as it is now
    an ndarray       takes the frame's place: H×W×3 (bgr24, rgb24 as the frame), H×W (gray8), H×W×4 (rgba)
    a dict           any of: image=ndarray, drop=True, boxes=[…], labels=[…], masks=[…],
                     event='name', data=…, events=[…], meta=…

A box is (x, y, width, height), (x, y, width, height, 'label') or a dict with those names and `color`.
"""
import ctypes
import json
import mmap
import os
import socket
import struct
import sys
import threading
import traceback
import weakref

import numpy as np

__all__ = ['run', 'Frame', 'Context']

VERSION = 1
MAX_HEADER = 1 << 20
MAX_PAYLOAD = 8192 * 4320 * 4
CHANNELS = {'bgr24': 3, 'rgb24': 3, 'rgba': 4}
KEYS = {'image', 'drop', 'boxes', 'labels', 'masks', 'event', 'data', 'events', 'meta'}
OVERLAY = ('boxes', 'labels', 'masks')


class Frame:
    """One picture. An array of it that is kept after `process` has returned becomes a copy."""

    def __init__(self, header, pixels):
        self.sequence = header['sequence']
        self.pts = int(header['pts'])
        self.time_base = (header['timeBase']['num'], header['timeBase']['den'])
        #: Microseconds of the stream.
        self.timestamp = header['timestamp']
        #: Unix milliseconds at which it was decoded.
        self.wall_clock = header['wallClock']
        self.key_frame = header['keyFrame']
        self.format = header['format']
        self.width = header['width']
        self.height = header['height']
        self._layout = header['planes']
        self._pixels = pixels
        self._touched = False

    @property
    def planes(self):
        """One array for each plane: H×W×channels for packed formats, else H×W (chroma of nv12: H×W×2)."""
        if self._pixels is None:
            raise RuntimeError('the frame is gone: keep frame.image, or frame.copy(), not the frame')
        self._touched = True
        return [self._plane(index) for index in range(len(self._layout))]

    @property
    def image(self):
        """The picture as OpenCV has it. yuv420p and nv12 have no such array: see planes."""
        if len(self._layout) > 1:
            raise TypeError('%s has planes: use frame.planes, or run(…, format="bgr24")' % self.format)
        return self.planes[0]

    def copy(self):
        """The picture in an array of its own."""
        touched = self._touched
        image = self.image.copy()
        self._touched = touched
        return image

    def _plane(self, index):
        plane = self._layout[index]
        stride = plane['stride']
        samples = CHANNELS.get(self.format, 2 if self.format == 'nv12' and index == 1 else 1)
        rows = self._pixels[plane['offset']:plane['offset'] + plane['height'] * stride]
        rows = rows.reshape(plane['height'], stride)[:, :plane['width'] * samples]
        return rows if samples == 1 else rows.reshape(plane['height'], plane['width'], samples)


class Context:
    """What `setup` gets: the route, the options of relay.yaml, and a way to say something without a frame."""

    def __init__(self, wire, hello):
        self._wire = wire
        self.route = hello['route']
        self.options = hello['options']
        self.mode = hello['mode']

    def log(self, message):
        self._wire.send({'type': 'log', 'message': str(message)[:10000]})

    def event(self, name, data=None):
        self._wire.send({'type': 'event', 'name': name, 'data': data})


def run(process, format='bgr24', size=None, setup=None, teardown=None):
    """Answers for the frames of the route that has started this program; returns when it is told to stop.

    format: bgr24, rgb24, rgba, gray8, yuv420p (no conversion) or nv12; relay.yaml may say otherwise.
    size: (width, height) to which frames are scaled before they come here; default: as the stream.
    setup: called once with a Context, before the first frame. teardown: called at the end.
    """
    if hasattr(sys.stdout, 'reconfigure'):
        sys.stdout.reconfigure(line_buffering=True)
    wire = _Wire(_connect())
    hello = {'type': 'hello', 'version': VERSION, 'format': format, 'credits': 1, 'memory': os.name == 'posix'}
    if size is not None:
        hello['size'] = {'width': int(size[0]), 'height': int(size[1])}
    if 'RELAY_HOOK_TOKEN' in os.environ:
        hello['token'] = os.environ['RELAY_HOOK_TOKEN']
    wire.send(hello)
    greeting, _ = wire.receive()
    if greeting is None:
        return
    if setup is not None:
        try:
            setup(Context(wire, greeting))
        except Exception as error:
            wire.send({'type': 'failed', 'message': 'setup failed: ' + _words(error)})
            raise
    wire.send({'type': 'ready'})
    try:
        _answer_all(wire, process, greeting['mode'] == 'inline')
    finally:
        if teardown is not None:
            teardown()


def _answer_all(wire, process, inline):
    memory = None
    while True:
        header, payload = wire.receive()
        if header is None or header['type'] == 'stop':
            return
        if header['type'] == 'memory':
            memory = _Memory.open(header)
            wire.send({'type': 'mapped', 'file': header['file'], 'ok': memory is not None})
        elif header['type'] == 'frame':
            place = memory.place(header['memory']) if 'memory' in header else None
            _answer(wire, process, header, payload, place, inline)


def _answer(wire, process, header, payload, place, inline):
    pixels = np.frombuffer(payload, np.uint8) if place is None else place.open()
    frame = Frame(header, pixels)
    result, parts = {}, []
    try:
        result, picture = _read(process(frame))
        if not inline or result.get('drop'):
            pass
        elif picture is not None and not _is_frame(picture, frame):
            parts = _replace(result, picture, frame, None if place is None else pixels)
        elif frame._touched and place is not None:
            result['memory'] = True
        elif frame._touched:
            parts = [memoryview(pixels)]
        picture = None
        message = _encode(dict(result, type='result', sequence=frame.sequence), parts)
    except Exception as error:
        traceback.print_exc()
        message = _encode({'type': 'result', 'sequence': frame.sequence, 'error': _words(error)})
        picture = error = None
    frame._pixels = pixels = None
    if place is not None:
        # Before the answer goes: then the place belongs to a later frame.
        place.close()
    wire.write(message)


def _read(returned):
    """What `process` returned → fields of the result, and the picture if there is one."""
    if returned is None or isinstance(returned, Frame):
        return {}, None
    if isinstance(returned, np.ndarray):
        return {}, returned
    if not isinstance(returned, dict):
        raise TypeError('process returned %s' % type(returned).__name__)
    strange = set(returned) - KEYS
    if strange:
        raise TypeError('process returned %s; known are: %s' % (', '.join(map(str, strange)), ', '.join(sorted(KEYS))))
    result = {key: returned[key] for key in ('meta', 'events') if returned.get(key) is not None}
    if returned.get('drop'):
        result['drop'] = True
    if returned.get('event') is not None:
        event = {'name': returned['event'], 'data': returned.get('data')}
        result['events'] = [event] + list(result.get('events', []))
    overlay = {key: list(returned[key]) for key in OVERLAY if returned.get(key) is not None}
    if 'boxes' in overlay:
        overlay['boxes'] = [_box(box) for box in overlay['boxes']]
    if overlay:
        result['overlay'] = overlay
    return result, returned.get('image')


def _box(box):
    if isinstance(box, dict):
        return box
    x, y, width, height, *label = box
    return dict({'x': x, 'y': y, 'width': width, 'height': height}, **({'label': str(label[0])} if label else {}))


def _is_frame(picture, frame):
    """Whether it is the frame's own array, with all that was written into it."""
    if len(frame._layout) > 1:
        return False
    own = frame._plane(0)
    return picture.__array_interface__ == own.__array_interface__


def _replace(result, picture, frame, place):
    if not isinstance(picture, np.ndarray) or picture.dtype != np.uint8:
        kind = picture.dtype if isinstance(picture, np.ndarray) else type(picture).__name__
        raise TypeError('a picture is an array of uint8, not %s' % kind)
    shape = picture.shape
    if len(shape) == 2:
        format = 'gray8'
    elif len(shape) == 3 and shape[2] == 4:
        format = 'rgba'
    elif len(shape) == 3 and shape[2] == 3:
        format = frame.format if frame.format in ('bgr24', 'rgb24') else 'bgr24'
    else:
        raise TypeError('a picture is H×W, H×W×3 or H×W×4, not %s' % '×'.join(map(str, shape)))
    height, width = shape[:2]
    stride = width * (shape[2] if len(shape) == 3 else 1)
    result['picture'] = {
        'format': format,
        'width': width,
        'height': height,
        'planes': [{'offset': 0, 'stride': stride}],
    }
    if place is not None and height * stride <= len(place):
        # numpy copes with a picture that lies in this place itself.
        np.copyto(place[:height * stride].reshape(shape), picture)
        result['memory'] = True
        return []
    return [memoryview(np.ascontiguousarray(picture)).cast('B')]


class _Wire:
    def __init__(self, connection):
        self._socket = connection
        # Context.log and Context.event may be called from other threads.
        self._lock = threading.Lock()

    def send(self, header):
        self.write(_encode(header))

    def write(self, parts):
        with self._lock:
            for part in parts:
                self._socket.sendall(part)

    def receive(self):
        """The next header and payload; (None, None) when the gateway is gone."""
        prefix = self._exactly(8)
        if prefix is None:
            return None, None
        header, payload = struct.unpack('<II', prefix)
        if header > MAX_HEADER or payload > MAX_PAYLOAD:
            raise ValueError('a message of %d + %d bytes' % (header, payload))
        text, pixels = self._exactly(header), self._exactly(payload)
        return (None, None) if text is None or pixels is None else (json.loads(bytes(text)), pixels)

    def _exactly(self, count):
        data = bytearray(count)
        view = memoryview(data)
        while view.nbytes > 0:
            try:
                got = self._socket.recv_into(view)
            except ConnectionResetError:
                return None
            if got == 0:
                return None
            view = view[got:]
        return data


class _Memory:
    """The file that both sides have mapped. Each frame's place in it is a mapping of its own."""

    @staticmethod
    def open(header):
        try:
            with open(header['file'], 'r+b') as file:
                mmap.mmap(file.fileno(), header['bytes']).close()
                return _Memory(os.dup(file.fileno()))
        except (OSError, ValueError):
            return None

    def __init__(self, fd):
        self._fd = fd
        self._places = {}

    def place(self, where):
        key = where['offset'], where['bytes']
        if key not in self._places:
            self._places[key] = _Place(self._fd, *key)
        return self._places[key]

    def __del__(self):
        os.close(self._fd)


class _Place:
    def __init__(self, fd, offset, count):
        self._fd, self._offset, self._count = fd, offset, count
        self._map = self._shown = None

    def open(self):
        if self._map is None:
            self._map = mmap.mmap(self._fd, self._count, offset=self._offset)
        pixels = np.frombuffer(self._map, np.uint8)
        self._shown = weakref.ref(pixels)
        return pixels

    def close(self):
        # All arrays that were made of it hold on to it.
        if self._shown() is not None:
            # Somebody keeps an array of this frame: it gets the pages for itself, the next frame gets new ones.
            _make_private(self._map)
            self._map = None


def _make_private(mapping):
    """Puts a private copy in the place of shared memory, under the arrays that look at it."""
    libc = ctypes.CDLL(None, use_errno=True)
    libc.mmap.restype = ctypes.c_void_p
    libc.mmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t] + [ctypes.c_int] * 3 + [ctypes.c_long]
    count = len(mapping)
    saved = mapping[:]
    handle = ctypes.c_char.from_buffer(mapping)
    address = ctypes.addressof(handle)
    del handle
    fixed = 0x10  # MAP_FIXED, the same on Linux and macOS
    flags = mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | fixed
    if libc.mmap(address, count, mmap.PROT_READ | mmap.PROT_WRITE, flags, -1, 0) != address:
        raise OSError(ctypes.get_errno(), 'mmap')
    ctypes.memmove(address, saved, count)


def _connect():
    target = os.environ.get('RELAY_HOOK')
    if target is None:
        raise SystemExit('This program is started by Relay Gateway: write it below `hook: command:` in relay.yaml, '
                         'or try it with: relay hook test')
    kind, _, address = target.partition(':')
    if kind == 'unix':
        connection = socket.socket(socket.AF_UNIX)
        connection.connect(address)
        return connection
    host, _, port = address.rpartition(':')
    connection = socket.create_connection((host, int(port)))
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return connection


def _encode(header, parts=()):
    text = json.dumps(header, allow_nan=False, default=_plain).encode()
    if len(text) > MAX_HEADER:
        raise ValueError('more than %d bytes of JSON in one answer' % MAX_HEADER)
    count = sum(len(part) for part in parts)
    return [struct.pack('<II', len(text), count) + text, *parts]


def _plain(value):
    """What numpy counts in, for JSON."""
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, np.ndarray):
        return value.tolist()
    raise TypeError('%s can\'t be written as JSON' % type(value).__name__)


def _words(error):
    text = '%s: %s' % (type(error).__name__, error)
    frames = traceback.extract_tb(error.__traceback__)
    if frames and frames[-1].filename != __file__:
        text += ' (%s, line %d)' % (os.path.basename(frames[-1].filename), frames[-1].lineno)
    return text[:1000]
