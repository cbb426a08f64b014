"""Endpoints of settings.

In reading order:

    metadata         modules, fields, related lists, layouts, custom views
    metadata_fields  fields as `/settings/fields` shows them
    metadata_shapes  modules, related lists, layouts and views as the settings show them
"""
