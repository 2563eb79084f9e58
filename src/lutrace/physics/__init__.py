"""physics knows decay, SUV factors and activity in a field of view: pure maths on named facts."""

from lutrace.physics.facts import DecayCorrection, FrameTime, QuantFacts, Step, SuvFactor

__all__ = ["DecayCorrection", "FrameTime", "QuantFacts", "Step", "SuvFactor"]
