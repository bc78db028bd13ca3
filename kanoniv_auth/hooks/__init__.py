"""What git asks before it pushes: the decision, and putting the question where git asks it."""
