"""What is not real: the embedded vehicle, the ground it flies over and what its camera sees."""
