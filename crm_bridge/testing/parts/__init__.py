"""The parts of the exam."""
