"""Recording by hand with OpenCV: for each file the capture is opened anew, read for so many frames and written. Ends with its parent."""
import os
import sys
import time

os.environ["OPENCV_FFMPEG_CAPTURE_OPTIONS"] = "rtsp_transport;tcp"
import cv2

url, folder, seconds = sys.argv[1], sys.argv[2], float(sys.argv[3])
while True:
    capture = cv2.VideoCapture(url, cv2.CAP_FFMPEG)
    if not capture.isOpened():
        time.sleep(0.1)
        continue
    rate = capture.get(cv2.CAP_PROP_FPS)
    size = (int(capture.get(cv2.CAP_PROP_FRAME_WIDTH)), int(capture.get(cv2.CAP_PROP_FRAME_HEIGHT)))
    name = os.path.join(folder, f"{time.time():.6f}.mp4")
    writer = cv2.VideoWriter(name + ".part.mp4", cv2.VideoWriter_fourcc(*"mp4v"), rate, size)
    for _ in range(round(seconds * rate)):
        ok, frame = capture.read()
        if not ok:
            break
        writer.write(frame)
    writer.release()
    capture.release()
    os.rename(name + ".part.mp4", name)
