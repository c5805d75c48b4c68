"""From photos to detections: what is seen where in the pixels, by whichever detector is asked."""
