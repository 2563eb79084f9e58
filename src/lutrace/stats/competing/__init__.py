"""Competing events and several states: incidence, tests, the subdistribution model, occupancy."""
