"""MSAL for Python."""

from __future__ import annotations

from typing import Any

import msal
from _steps import serve

tenant: dict[str, str] = {}
clients: dict[str, Any] = {}


def begin(authority: str) -> None:
    tenant.update(authority=authority)
    clients["web"] = confidential("web")


def confidential(client_id: str) -> msal.ConfidentialClientApplication:
    # The addresses that it has of its own accord are Microsoft's: it asks there about other hosts.
    return msal.ConfidentialClientApplication(
        client_id, client_credential="any", instance_discovery=False, **tenant
    )


def discovery(oidc_authority: str | None = None) -> dict[str, Any]:
    if oidc_authority:
        client = msal.ConfidentialClientApplication(
            "web", client_credential="any", oidc_authority=oidc_authority
        )
    else:
        client = clients["web"]
    names = ("token_endpoint", "device_authorization_endpoint")
    return {name: getattr(client.authority, name) for name in names}


def flow(scopes: list[str], redirect_uri: str) -> Any:
    return clients["web"].initiate_auth_code_flow(scopes, redirect_uri=redirect_uri)


def log_in(flow: dict[str, Any], answer: dict[str, str]) -> Any:
    return clients["web"].acquire_token_by_auth_code_flow(flow, answer)


def accounts() -> Any:
    return clients["web"].get_accounts()


def refresh(scopes: list[str]) -> Any:
    (account,) = clients["web"].get_accounts()
    return clients["web"].acquire_token_silent_with_error(scopes, account, force_refresh=True)


def client_credentials(scopes: list[str], client_id: str = "web") -> Any:
    return confidential(client_id).acquire_token_for_client(scopes)


def on_behalf_of(user_assertion: str, scopes: list[str]) -> Any:
    return confidential("api").acquire_token_on_behalf_of(user_assertion, scopes)


def device(scopes: list[str]) -> Any:
    clients["tv"] = msal.PublicClientApplication("tv", instance_discovery=False, **tenant)
    return clients["tv"].initiate_device_flow(scopes)


def device_wait(flow: dict[str, Any]) -> Any:
    return clients["tv"].acquire_token_by_device_flow(flow)


steps = (
    *(begin, discovery, flow, log_in, accounts, refresh),
    *(client_credentials, on_behalf_of, device, device_wait),
)
serve({step.__name__: step for step in steps})
