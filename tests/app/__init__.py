"""Tests of the app, in the order of its folders."""
