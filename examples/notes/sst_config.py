import sst


def app(input: sst.AppInput) -> sst.App:
    return sst.App(
        name="notes",
        home="local",
        removal="retain" if input.stage == "production" else "remove",
    )


def run():
    notes = sst.aws.Bucket("Notes")
    api = sst.aws.Function("Api", handler="functions/notes.handler", link=[notes], url=True)
    return {"api": api.url}
