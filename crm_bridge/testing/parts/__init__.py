"""The parts of the exam.

In reading order:

    facts      the part of the exam that needs no connection
    reading    the part of the exam about reading
    filters    the part of the exam about filters
    removing   the part of the exam about removing
    restoring  the part of the exam about the way back
    absence    the part of the exam about what is not there
    trouble    the part of the exam about trouble
"""
