"""Files as CRMs and spreadsheets export them. A cell is read right, or named with its line; never changed in silence.

Reading order: encodings, guards, csv_table, headers, amounts, dates, lists.

In reading order:

    amounts    amounts as people write them
    csv_table  a CSV file as a table
    dates      dates and times as people write them
    encodings  text of an exported file
    guards     guards of spreadsheets
    headers    headers of exports
    lists      lists of ids or contract numbers, as people have them
"""
