"""How everything else connects: health, metrics, media, the web client's files."""
