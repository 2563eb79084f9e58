"""Centres as tables of records without images, one for each shipped study, drawn as arrays."""
