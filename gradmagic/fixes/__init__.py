"""What a good engineer would change: edits of the user's own lines, made in a syntax tree that keeps comments and formatting.

One module for each kind of edit. A rule names the edit in its `fixes` function; nothing here decides what the cause is.
"""
