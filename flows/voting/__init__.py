"""Voting: what a vote's settings are, how a ballot is filled in in chat, and what is counted of the ballots."""
