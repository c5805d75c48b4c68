"""Pure maths: local metric frames, rotations, camera models, pixel to ray to ground, error ellipses."""
