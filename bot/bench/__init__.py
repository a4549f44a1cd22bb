"""Measuring: what `palabre bench` runs. Every figure is the best of several interleaved runs of one process."""
