"""What is seen: taxonomy, oriented boxes, weight files, back ends, the Detector."""
