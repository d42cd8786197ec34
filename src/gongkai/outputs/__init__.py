"""What an office hands on beside the sums: lists, charts and a page about a summary, and letters to those who filed."""
