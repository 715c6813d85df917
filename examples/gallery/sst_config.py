import sst


def app(input: sst.AppInput) -> sst.App:
    return sst.App(name="gallery", home="local", removal="retain" if input.stage == "production" else "remove")


def run():
    catalog = sst.aws.Dynamo("Catalog", fields={"key": "string"}, primary_index={"hash_key": "key"})
    pictures = sst.aws.Bucket("Pictures")
    jobs = sst.aws.Queue("Jobs")
    removed = sst.aws.SnsTopic("Removed")

    # What is uploaded is measured at once, prints wait in a queue, and whoever cares hears of what is gone.
    pictures.notify(
        notifications=[
            {
                "name": "Measure",
                "function": {"handler": "functions/gallery.measure", "link": [catalog, pictures]},
                "events": ["s3:ObjectCreated:*"],
                "filter_prefix": "pictures/",
            },
            {"name": "Print", "queue": jobs, "events": ["s3:ObjectCreated:*"], "filter_prefix": "prints/"},
            {"name": "Gone", "topic": removed, "events": ["s3:ObjectRemoved:*"]},
        ]
    )
    jobs.subscribe({"handler": "functions/gallery.print_out", "link": [catalog]})
    removed.subscribe("Forget", {"handler": "functions/gallery.forget", "link": [catalog]})
    return {"bucket": pictures.name, "catalog": catalog.name}
