"""What published figures tell: individual times from a curve."""
