# ruff: noqa
"""AWS Lambda Powertools: logger, tracer, metrics, event handler, batch processor, parser, typing."""

from aws_lambda_powertools import Logger, Metrics, Tracer
from aws_lambda_powertools.event_handler import APIGatewayRestResolver, LambdaFunctionUrlResolver, Response
from aws_lambda_powertools.event_handler.exceptions import NotFoundError
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.batch import BatchProcessor, EventType, process_partial_response
from aws_lambda_powertools.utilities.data_classes import SQSEvent, event_source
from aws_lambda_powertools.utilities.parser import BaseModel, event_parser
from aws_lambda_powertools.utilities.typing import LambdaContext

logger = Logger(service="notes")
tracer = Tracer(service="notes")
metrics = Metrics(namespace="Notes", service="notes")
app = LambdaFunctionUrlResolver()
rest = APIGatewayRestResolver(enable_validation=True)
processor = BatchProcessor(event_type=EventType.SQS)


@app.get("/notes/<id>")
@tracer.capture_method
def get_note(id: str):
    logger.info("reading", extra={"note": id})
    if id == "missing":
        raise NotFoundError("no such note")
    if id == "broken":
        raise ValueError("broken note")
    return {"id": id, "query": app.current_event.query_string_parameters}


@app.post("/notes")
def post_note():
    return Response(201, content_type="text/plain", body=app.current_event.body, headers={"x-note": "1"})


class Note(BaseModel):
    id: int
    text: str = "empty"


@rest.post("/notes")
def validated(note: Note) -> Note:
    return note


def handle_record(record):
    logger.info("record", extra={"body": record.body})
    if record.body == "bad":
        raise ValueError("bad record")


@logger.inject_lambda_context(log_event=True)
@tracer.capture_lambda_handler
@metrics.log_metrics(capture_cold_start_metric=True)
def url(event, context: LambdaContext):
    metrics.add_metric(name="Calls", unit=MetricUnit.Count, value=1)
    return app.resolve(event, context)


def api(event, context):
    return rest.resolve(event, context)


@logger.inject_lambda_context
def batch(event, context):
    return process_partial_response(event=event, record_handler=handle_record, processor=processor, context=context)


@event_source(data_class=SQSEvent)
def typed(event, context):
    return [record.message_id for record in event.records]


@event_parser(model=Note)
def parsed(event, context):
    return event.model_dump()


def logs_exception(event, context):
    try:
        1 / 0
    except ZeroDivisionError:
        logger.exception("caught")
    logger.append_keys(user="u")
    logger.warning({"a": 1})
    logger.debug("not shown")


def handler(event, context):
    return globals()[event.pop("case")](event.get("event", event), context)
