import sst


def app(input: sst.AppInput) -> sst.App:
    return sst.App(name="sensors", home="local", removal="retain" if input.stage == "production" else "remove")


def run():
    alarms = sst.aws.Dynamo("Alarms", fields={"sensor": "string"}, primary_index={"hash_key": "sensor"})
    readings = sst.aws.KinesisStream("Readings")
    reports = sst.aws.Queue("Reports")

    # Sensors publish on sensors/<stage>/readings/<sensor>; each reading goes into the stream. What is too hot is told
    # on sensors/<stage>/alarms/<sensor>, where sensors and browsers may listen.
    server = sst.aws.Realtime("Server", authorizer="functions/sensors.authorize")
    server.subscribe(
        {"handler": "functions/sensors.take", "link": [readings]},
        filter=f"{sst.app.name}/{sst.app.stage}/readings/#",
    )
    readings.subscribe(
        "Alarm",
        {"handler": "functions/sensors.alarm", "link": [alarms, server]},
        filters=[{"data": {"celsius": [{"numeric": [">", 30]}]}}],
    )
    sst.aws.Cron(
        "Report",
        schedule="cron(* * * * ? *)",
        function={"handler": "functions/sensors.report", "link": [alarms, reports]},
        event={"title": "Alarms"},
    )
    return {
        "alarms": alarms.name,
        "reports": reports.url,
        "endpoint": server.endpoint,
        "authorizer": server.authorizer,
        "topics": f"{sst.app.name}/{sst.app.stage}",
    }
