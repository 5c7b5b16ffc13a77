"""Dashboards of usage, per customer and anonymous."""
