"""Events known only to lie between two examinations: the curve that assumes nothing, and parametric models."""
