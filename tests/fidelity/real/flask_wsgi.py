# ruff: noqa
"""Flask behind apig-wsgi."""

from apig_wsgi import make_lambda_handler
from flask import Flask, abort, jsonify, request, session

app = Flask(__name__)
app.secret_key = "not secret"


@app.get("/hello/<name>")
def hello(name):
    app.logger.warning("hello %s", name)
    return jsonify(name=name, args=request.args.to_dict(flat=False))


@app.post("/form")
def form():
    return {"form": request.form.to_dict(), "type": request.content_type}


@app.get("/missing")
def missing():
    abort(404)


@app.get("/broken")
def broken():
    raise ValueError("broken")


@app.get("/cookie")
def cookie():
    response = jsonify(seen=request.cookies.get("a"))
    response.set_cookie("b", "2")
    return response


handler = make_lambda_handler(app, binary_support=True)
