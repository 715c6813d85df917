import sst


def app(input: sst.AppInput) -> sst.App:
    return sst.App(name="gallery", home="local", removal="retain" if input.stage == "production" else "remove")


def run():
    catalog = sst.aws.Dynamo("Catalog", fields={"key": "string"}, primary_index={"hash_key": "key"})
    pictures = sst.aws.Bucket("Pictures")
    jobs = sst.aws.Queue("Jobs")
    removed = sst.aws.SnsTopic("Removed")

    # A task takes as long as it needs: here it is a command on this machine, in a container on AWS.
    archiver = sst.aws.Task("Archiver", link=[catalog, pictures], dev={"command": "python tasks/archive.py"})

    # What is uploaded is measured at once, prints wait in a queue, films go to the archive, and whoever cares hears of
    # what is gone.
    pictures.notify(
        notifications=[
            {
                "name": "Measure",
                "function": {"handler": "functions/gallery.measure", "link": [catalog, pictures]},
                "events": ["s3:ObjectCreated:*"],
                "filter_prefix": "pictures/",
            },
            {"name": "Print", "queue": jobs, "events": ["s3:ObjectCreated:*"], "filter_prefix": "prints/"},
            {
                "name": "Archive",
                "function": {"handler": "functions/gallery.archive", "link": [archiver, catalog]},
                "events": ["s3:ObjectCreated:*"],
                "filter_prefix": "films/",
            },
            {"name": "Gone", "topic": removed, "events": ["s3:ObjectRemoved:*"]},
        ]
    )
    jobs.subscribe({"handler": "functions/gallery.print_out", "link": [catalog]})
    removed.subscribe("Forget", {"handler": "functions/gallery.forget", "link": [catalog]})
    return {"bucket": pictures.name, "catalog": catalog.name}
