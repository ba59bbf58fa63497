# An API in FastAPI that checks its tokens by jeton-resource-server.
#
# Run with:
#   pip install fastapi uvicorn jeton-resource-server
#   ISSUER=https://tokens.example.com API=https://orders.example.com \
#     python -m uvicorn fastapi_app:app --port 8080

import os
from typing import Annotated, Any

from fastapi import Depends, FastAPI

from jeton_resource_server import AsyncResourceServer, Claims
from jeton_resource_server.starlette import Publish, Requires

api = AsyncResourceServer(
    os.environ["ISSUER"], os.environ["API"], scopes=["orders:read", "orders:write"]
)
Reader = Annotated[Claims, Depends(Requires(api, scope="orders:read"))]
Writer = Annotated[Claims, Depends(Requires(api, scope="orders:write"))]

app = FastAPI()
app.add_middleware(Publish, server=api)


@app.get("/orders")
async def read(claims: Reader) -> dict[str, Any]:
    return {"orders": ["1 jeton"], "for": claims.sub}


@app.post("/orders", status_code=201)
async def write(claims: Writer) -> None:
    pass
