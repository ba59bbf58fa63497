# An API in Flask that checks its tokens by jeton-resource-server.
#
# Run with:
#   pip install flask jeton-resource-server
#   ISSUER=https://tokens.example.com API=https://orders.example.com \
#     python -m flask --app flask_app run --port 8080

import os
from typing import Any

from flask import Flask, g

from jeton_resource_server import ResourceServer
from jeton_resource_server.wsgi import Publish, requires

api = ResourceServer(
    os.environ["ISSUER"], os.environ["API"], scopes=["orders:read", "orders:write"]
)
app = Flask(__name__)
app.wsgi_app = Publish(app.wsgi_app, api)  # type: ignore[method-assign]


@app.get("/orders")
@requires(api, scope="orders:read")
def read() -> dict[str, Any]:
    return {"orders": ["1 jeton"], "for": g.claims.sub}


@app.post("/orders")
@requires(api, scope="orders:write")
def write() -> tuple[str, int]:
    return "", 201
