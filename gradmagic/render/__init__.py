"""A report made visible: text, HTML, Markdown, pictures, files. Nothing here draws conclusions; it shows those of the report."""
