"""The embedded engine: Pulumi's program in process, its resources made with boto3, its record under `.sst/`."""
