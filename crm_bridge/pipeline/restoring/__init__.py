"""The way back: plan, restore, measure, rehearse, relink."""
