"""Learning: recipes, loss, fine-tuning, evaluation, calibration, export."""
