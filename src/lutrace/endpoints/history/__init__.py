"""The course before and around radioligand therapy: lines, cycles, castration resistance, grade group, sites."""
