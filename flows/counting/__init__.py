"""The rules of counting a vote, one file each; docs/counting.md tells them to citizens.

Each has one function, `count(ballots, candidates)`: from the distinct ballots with how many voters cast each of them
and the candidates' ids in their published order to a Result. What a ballot is differs from rule to rule and stands in
the docstring of its `count`; an empty one is blank in all of them. decision.py says whether a vote counts at all
(quorum) and whether what was put to it is adopted (threshold).

Nothing here reads or writes anything, and every number is exact: an int or a Fraction, never a float.
"""
