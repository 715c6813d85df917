import sst


def app(input: sst.AppInput) -> sst.App:
    return sst.App(name="chat", home="local", removal="remove")


def run():
    people = sst.aws.Dynamo("People", fields={"id": "string"}, primary_index={"hash_key": "id"})
    secret = sst.Secret("Password", placeholder="open sesame")
    room = sst.aws.ApiGatewayWebSocket("Room", transform={"route": {"handler": linked_to(people)}})

    # Who knocks says its name and the password in the address: wss://…?name=ada&password=…
    door = room.add_authorizer(
        "Door",
        lambda_={
            "function": {"handler": "functions/door.authorize", "link": [secret]},
            "identity_sources": ["route.request.querystring.name", "route.request.querystring.password"],
        },
    )
    room.route("$connect", "functions/room.enter", auth={"lambda": door.id})
    room.route("$disconnect", "functions/room.leave")
    room.route("say", {"handler": "functions/room.say", "link": [room]})
    return {"room": room.url}


def linked_to(*components):
    """Change the arguments of a function so that it is linked to *components*, too."""
    return lambda args, opts, name: args.update(link=[*args.get("link", []), *components])
