"""The contract object: descriptions, people, visibility, assumptions."""
