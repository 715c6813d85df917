"""Delivery: nothing lost, nothing run twice, over a channel that promises neither. Machines without I/O and clock.

`link` turns messages into sealed events and back, and recovers lost frames; `stub` and `dev` are the two roles;
`stage` is how dev servers agree which of them holds a stage. `now` is a monotonic time in seconds, `at` seconds
since the epoch."""
