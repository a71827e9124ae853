"""Faces, by the cascade that comes inside OpenCV's package. Draws a box around each and tells how many there are.

    hook:
      command: [python3, hooks/faces.py]
      mode: overlay
      size: 640x360

Needs: pip install numpy "opencv-python-headless<5" (OpenCV 5 has no cascades any more).
"""
import sys

import cv2
from relay_hook import run

if not hasattr(cv2, 'CascadeClassifier'):
    sys.exit('OpenCV %s has no CascadeClassifier: pip install "opencv-python-headless<5"' % cv2.__version__)

cascade = cv2.CascadeClassifier(cv2.data.haarcascades + 'haarcascade_frontalface_default.xml')
seen = 0


def process(frame):
    global seen
    faces = cascade.detectMultiScale(frame.image, scaleFactor=1.2, minNeighbors=5, minSize=(40, 40))
    answer = {'boxes': [(*face, 'face') for face in faces]}
    if len(faces) != seen:
        seen = len(faces)
        answer.update(event='faces', data={'count': seen})
    return answer


run(process, format='gray8')
