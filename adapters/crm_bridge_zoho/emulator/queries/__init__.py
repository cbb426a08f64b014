"""COQL and the search index.

In reading order:

    coql             checks a query, runs it, shows its rows
    coql_match       which records fit COQL criteria
    coql_text        the grammar of COQL
    search           the search index
    search_criteria  the criteria of `/search`: `((Field:operator:value)and(...))` read into a test for records
"""
