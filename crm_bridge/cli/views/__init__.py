"""How results look, as JSON and for people.

In reading order:

    contract_view   how contracts look
    deletions_view  how the CRM's list of deletions, compared with the journal, is shown
    details_view    how one contract with everything around it looks
    journal_view    how journal entries look
    outline_view    how a plan of another installation looks without its key
    plan_view       how plans look
    proof_view      how a proof looks
    receipt_view    how receipts look
    restore_view    how a restore looks
    review_view     how a review is shown
    run_view        how runs and restores look
    undo            the undo card
    vault_view      backup sets on the screen
"""
