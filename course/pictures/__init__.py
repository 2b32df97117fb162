"""Drawings for the lessons, made from the arrays a lesson has just computed."""
