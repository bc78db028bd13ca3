"""The pre-push hook: where it is put, and how it decides. What is asked of git itself is asked in `repository`."""
