import cv2
from relay_hook import run

def process(frame):
    return cv2.cvtColor(frame.image, cv2.COLOR_BGR2GRAY)

run(process, format='bgr24')
