import sst


def app(input: sst.AppInput) -> sst.App:
    return sst.App(name="orders", home="local", removal="retain" if input.stage == "production" else "remove")


def run():
    orders = sst.aws.Dynamo(
        "Orders", fields={"id": "string"}, primary_index={"hash_key": "id"}, stream="new-and-old-images"
    )
    shipped = sst.aws.Bus("Shipped")
    refused = sst.aws.Queue("Refused")
    payments = sst.aws.Queue("Payments", dlq={"queue": refused.arn, "retry": 1}, visibility_timeout="5 seconds")

    # Taking an order answers at once; the payment is made behind the queue.
    api = sst.aws.ApiGatewayV2("Api", link=[orders, payments])
    api.route("POST /orders", "functions/orders.take")
    api.route("GET /orders/{id}", "functions/orders.show")
    payments.subscribe(
        {"handler": "functions/payments.handler", "link": [orders], "timeout": "5 seconds"},
        batch={"partial_responses": True},
    )

    # A paid order is shipped; whoever cares hears of it on the bus.
    paid = {"eventName": ["MODIFY"], "dynamodb": {"NewImage": {"status": {"S": ["paid"]}}}}
    orders.subscribe("Ship", {"handler": "functions/shipping.ship", "link": [shipped]}, filters=[paid])
    shipped.subscribe(
        "Mark", {"handler": "functions/shipping.mark", "link": [orders]}, pattern={"detail_type": ["Shipped"]}
    )
    return {"api": api.url, "refused": refused.url}
