import sst


def app(input: sst.AppInput) -> sst.App:
    return sst.App(name="chat", home="local", removal="remove")


def run():
    people = sst.aws.Dynamo("People", fields={"id": "string"}, primary_index={"hash_key": "id"})
    room = sst.aws.ApiGatewayWebSocket("Room")
    for route, function in {"$connect": "enter", "$disconnect": "leave", "say": "say"}.items():
        room.route(route, {"handler": f"functions/room.{function}", "link": [people, room]})
    return {"room": room.url}
