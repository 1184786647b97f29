"""What `tools/make_site.py` builds the site from: pages of the project's own files, and a check of what came out."""
