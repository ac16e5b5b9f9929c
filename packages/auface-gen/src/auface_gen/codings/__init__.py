"""What people are asked to do: codings drawn from mixtures."""
