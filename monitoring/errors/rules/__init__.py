"""Rules by which a project says itself which errors are of one cause."""
