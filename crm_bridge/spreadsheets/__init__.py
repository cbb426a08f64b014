"""Files as CRMs and spreadsheets export them. A cell is read right, or named with its line; never changed in silence.

Reading order: encodings, guards, csv_table, headers, amounts, dates, lists.
"""
