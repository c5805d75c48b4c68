"""What the simulated camera sees and writes: pictures of the scene, with the metadata that a drone would write."""
