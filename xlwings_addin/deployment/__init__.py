"""Getting the button onto a computer: installing, removing, looking what is in the way, and packing for offline use."""
