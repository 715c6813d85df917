"""The app half of `sst`: the components of an app, as Pulumi programs. Needs the extra `infra`.

`sst` and `sst.aws` hand out what is here when it is first touched. Components stand one family to a file, those of
AWS under `aws/`; networking, containers, sites and CDN belong beside them.
"""
