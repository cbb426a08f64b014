"""Records that an org begins with.

In reading order:

    adopting      becoming like another org
    loading       contracts from a CSV
    seed          a fresh org
    seed_modules  the modules of the seeded org
    seed_people   the people of the seeded org, their profiles and roles
    seed_records  the records of the seeded org, made from the shared sandbox data
"""
