"""Text to Plan: parse, model, validate, resolve. Pure: reads no file, knows no clock."""
