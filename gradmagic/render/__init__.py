"""Report -> something to look at: text, HTML, SVG, mime bundle, files."""
