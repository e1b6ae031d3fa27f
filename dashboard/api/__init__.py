"""The JSON twin of the pages, under `{base}/api`, described by its own OpenAPI document."""
