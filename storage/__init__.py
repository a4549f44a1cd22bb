"""What is remembered, and the rules of keeping it. Imports nothing of ours."""
