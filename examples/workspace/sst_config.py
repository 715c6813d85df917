import sst


def app(input: sst.AppInput) -> sst.App:
    return sst.App(name="workspace", home="local", removal="retain" if input.stage == "production" else "remove")


def run():
    linkable_value = sst.Linkable("MyLinkableValue", properties={"foo": "Hello World"})
    api = sst.aws.Function(
        "MyPythonFunction",
        handler="functions/src/functions/api.handler",
        runtime="python3.11",
        link=[linkable_value],
        url=True,
    )
    return {"api": api.url}
