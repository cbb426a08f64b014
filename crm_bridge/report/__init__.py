"""Reports for people.

In reading order:

    tables        contracts as tables
    markup        HTML that is built of elements
    page          one HTML file that needs nothing else
    charts        bars and lines as inline SVG
    plan_figures  the figures of a plan
    plan_page     a plan as a page for the person who reviews it
    proof_page    a proof as a page, as Markdown and as JSON
    review/       what was deleted in a period, and what of it deserves a look
"""
