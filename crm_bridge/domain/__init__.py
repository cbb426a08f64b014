"""The rules, pure: values in, values or errors out."""
