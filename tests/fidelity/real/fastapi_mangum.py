# ruff: noqa
"""FastAPI behind Mangum."""

import logging

from fastapi import Depends, FastAPI, Header, HTTPException, Request
from fastapi.responses import PlainTextResponse, StreamingResponse
from mangum import Mangum
from pydantic import BaseModel, Field

log = logging.getLogger("app")
app = FastAPI()


class Item(BaseModel):
    name: str = Field(min_length=2)
    price: float
    tags: set[str] = set()


@app.on_event("startup")
async def start():
    log.warning("started")


def user(authorization: str = Header(default="nobody")):
    return authorization


@app.get("/items/{id}")
async def read(id: int, q: str | None = None, who: str = Depends(user)):
    log.warning("reading %s", id)
    if id == 404:
        raise HTTPException(404, "no such item")
    if id == 500:
        raise RuntimeError("broken")
    return {"id": id, "q": q, "who": who}


@app.post("/items", status_code=201)
def create(item: Item, request: Request):
    return {"item": item, "agent": request.headers.get("user-agent"), "aws": "aws.context" in request.scope}


@app.get("/text", response_class=PlainTextResponse)
def text():
    return "plain ü"


@app.get("/bytes")
def stream():
    return StreamingResponse(iter([b"\x00", b"\xff"]), media_type="application/octet-stream")


handler = Mangum(app)
