"""The same by hand: PyAV decodes, one pixel is written in a BGR picture, x264 encodes, sound is copied. Ends with its parent."""
import sys
import time

import av

source, target = sys.argv[1:3]
out = av.open(target, "w", format="flv")
video = audio = None
start = time.monotonic()
offset = 0.0
while True:
    last = 0.0
    with av.open(source) as file:
        if video is None:
            template = file.streams.video[0]
            video = out.add_stream("libx264", rate=template.average_rate)
            video.width, video.height, video.pix_fmt = template.width, template.height, "yuv420p"
            video.gop_size, video.max_b_frames = 50, 0
            video.options = {"preset": "veryfast", "tune": "zerolatency", "crf": "23"}
            audio = out.add_stream_from_template(file.streams.audio[0])
        for packet in file.demux(file.streams.video[0], file.streams.audio[0]):
            if packet.dts is None:
                continue
            at = offset + float(packet.dts * packet.time_base)
            last = max(last, at + 0.04)
            time.sleep(max(0.0, start + at - time.monotonic()))
            shift = round(offset / packet.time_base)
            if packet.stream.type == "audio":
                packet.pts += shift
                packet.dts += shift
                packet.stream = audio
                out.mux(packet)
                continue
            for frame in packet.decode():
                pixels = frame.to_ndarray(format="bgr24")
                pixels[0, 0] = 255
                touched = av.VideoFrame.from_ndarray(pixels, format="bgr24")
                touched.pts, touched.time_base = frame.pts + shift, frame.time_base
                out.mux(video.encode(touched))
    offset = last
