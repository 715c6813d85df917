import sst


def app(input: sst.AppInput) -> sst.App:
    return sst.App(name="sensors", home="local", removal="retain" if input.stage == "production" else "remove")


def run():
    alarms = sst.aws.Dynamo("Alarms", fields={"sensor": "string"}, primary_index={"hash_key": "sensor"})
    readings = sst.aws.KinesisStream("Readings")
    reports = sst.aws.Queue("Reports")

    # Sensors publish on sensors/<stage>/readings/<sensor>; each reading goes into the stream.
    server = sst.aws.Realtime("Server", authorizer="functions/sensors.authorize")
    server.subscribe(
        {"handler": "functions/sensors.take", "link": [readings]},
        filter=f"{sst.app.name}/{sst.app.stage}/readings/#",
    )
    readings.subscribe(
        "Alarm",
        {"handler": "functions/sensors.alarm", "link": [alarms]},
        filters=[{"data": {"celsius": [{"numeric": [">", 30]}]}}],
    )
    sst.aws.Cron(
        "Report",
        schedule="cron(* * * * ? *)",
        function={"handler": "functions/sensors.report", "link": [alarms, reports]},
        event={"title": "Alarms"},
    )
    return {"alarms": alarms.name, "reports": reports.url, "topic": f"{sst.app.name}/{sst.app.stage}/readings"}
