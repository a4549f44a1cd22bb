"""What residents can do. Imports storage, and nothing else of ours."""
