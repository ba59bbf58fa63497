# A web application that logs people in and calls an API in their name: Flask and jeton-client.
#
# Run with:
#   pip install flask jeton-client
#   ISSUER=https://tokens.example.com CLIENT_ID=… CLIENT_SECRET=… API=https://orders.example.com \
#     ORIGIN=https://shop.example.com SESSION_KEY=… flask --app web run --port 3000
# SESSION_KEY are 16 random bytes at least, the same in every process: what is kept in the folder
# SESSIONS and in the cookie of a login is sealed with them.

from __future__ import annotations

import os
import secrets

import httpx
from flask import Flask, Response, redirect, render_template_string, request

from jeton_client import Client, ClientError, FolderStore, Session, client_secret

api, origin = os.environ["API"], os.environ["ORIGIN"]
client = Client(
    os.environ["ISSUER"], os.environ["CLIENT_ID"], client_secret(os.environ["CLIENT_SECRET"])
)
store = FolderStore(os.environ.get("SESSIONS", "sessions"))
app = Flask(__name__)

# Over https nobody but this origin can set them.
secure = origin.startswith("https:")
prefix = "__Host-" if secure else ""
MONTH = 30 * 24 * 60 * 60
PAGE = """<!doctype html><html lang="en"><meta charset="utf-8"><title>Shop</title><h1>Shop</h1>
{% if who %}<p>Logged in as {{ who }}</p><pre>{{ orders }}</pre>
<form method="post" action="/logout"><button>Log out</button></form>
{% else %}<p>{{ problem }}</p><p><a href="/login">Log in</a></p>{% endif %}"""


def session_of(name: str) -> Session:
    """The login of one browser, which has the name in a cookie."""
    return client.session(
        store,
        os.environ["SESSION_KEY"],
        f"{origin}/callback",
        "openid profile offline_access orders:read",
        resource=api,
        name=name,
    )


def session() -> Session:
    return session_of(request.cookies.get(f"{prefix}session") or "nobody")


def set_cookie(response: Response, name: str, value: str, seconds: int) -> None:
    response.set_cookie(
        f"{prefix}{name}", value, max_age=seconds, httponly=True, samesite="Lax", secure=secure
    )


@app.get("/")
def home() -> str:
    claims = session().id_claims() or {}
    orders = httpx.get(f"{api}/orders", auth=session().auth())
    return render_template_string(
        PAGE, who=claims.get("name", claims.get("sub")), orders=orders.text
    )


@app.get("/login")
def login() -> Response:
    # A new name for each login: a cookie that somebody else has put there leads nowhere.
    name = secrets.token_hex(32)
    started = session_of(name).login(stateless=True)
    response = redirect(started.url, 303)
    set_cookie(response, "login", f"{name}.{started.transaction}", 900)
    return response


@app.get("/callback")
def callback() -> Response:
    name, _, transaction = request.cookies.get(f"{prefix}login", "").partition(".")
    query = request.query_string.decode()
    session_of(name).callback(f"{origin}/callback?{query}", transaction)
    response = redirect("/", 303)
    set_cookie(response, "login", "", 0)
    set_cookie(response, "session", name, MONTH)
    return response


@app.post("/logout")
def logout() -> Response:
    logged_out = session().logout(f"{origin}/")
    response = redirect(logged_out.url or "/", 303)
    set_cookie(response, "session", "", 0)
    return response


@app.errorhandler(ClientError)
def refused(error: ClientError) -> tuple[str, int]:
    if error.code == "not_logged_in":
        return render_template_string(PAGE), 401
    # The person said no, came too late, or came back in another browser: they may begin again.
    if error.fault == "caller":
        return render_template_string(PAGE, problem=f"Nobody was logged in: {error.code}"), 400
    return render_template_string(PAGE, problem="Try again in a moment."), 503


@app.after_request
def not_stored(response: Response) -> Response:
    response.headers["Cache-Control"] = "no-store"
    return response
